"""Parameters of training that all tuners share."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from ..params import Params
from .seams import Tuning

STATES = ".states"
"""Folder, in a set's, of the states that interrupted trainings resume from."""


class TuningParams(Params):
    epochs: int | None = Field(400, ge=1, description="passes over the images of one adapter")
    max_steps: int | None = Field(None, ge=1, description="training steps of one adapter; null: as `epochs` says")
    batch_size: int = Field(8, ge=1, description="images of a step")
    lr: float = Field(1e-4, gt=0, description="greatest learning rate")
    warmup: int = Field(100, ge=0, description="steps in which the learning rate grows")
    schedule: Literal["cosine", "constant", "linear"] = Field("cosine", description="of the learning rate afterwards")
    weight_decay: float = Field(1e-2, ge=0, description="of AdamW")
    clip: float = Field(1.0, gt=0, description="largest norm of the gradient")
    crop: Literal["random", "center"] = Field("random", description="of images whose shorter side was made to fit")
    flip: bool = Field(False, description="whether half of the images are mirrored")
    precision: Literal["fp32", "bf16"] = Field("fp32", description="bf16: autocast on a GPU; weights stay FP32")
    save_every: int = Field(500, ge=1, description="steps between the states that an interrupted training resumes from")

    @model_validator(mode="after")
    def _ends(self) -> TuningParams:
        if self.epochs is None and self.max_steps is None:
            raise ValueError("give epochs, max_steps, or both")
        return self

    def steps_for(self, images: int) -> int:
        """Returns the number of training steps of an adapter of so many images."""
        of_epochs = None if self.epochs is None else self.epochs * -(-images // self.batch_size)
        return min(steps for steps in (of_epochs, self.max_steps) if steps is not None)


def state_file(tuning: Tuning, what: str, unit: int) -> Path:
    """Returns the file that an interrupted training of a unit resumes from."""
    return tuning.folder / STATES / f"{what}-{unit:06d}.safetensors"
