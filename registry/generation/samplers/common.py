"""The base of samplers that are pipelines of diffusers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from ...contracts import TrainingSet
from ...params import Params
from ..pixels import to_uint8
from ..seams import ImageSampler, Order, Pipeline

if TYPE_CHECKING:
    import numpy as np


class SamplerParams(Params):
    steps: int = Field(50, ge=1, description="denoising steps")
    guidance: float = Field(2.0, ge=0, description="scale of classifier-free guidance; 1 or less: none")
    negative_prompt: str = Field("", description="what guidance leads away from")
    scheduler: Literal["model", "dpm-solver", "ddim"] = Field("model", description="model: the model's own")


class PipelineSampler(ImageSampler):
    """A sampler that is a pipeline of diffusers.

    The noise of every image is drawn on the CPU by a generator of its own, so that it is the same on every device and
    in every batch.
    """

    Params = SamplerParams
    params: SamplerParams
    pipeline_class: ClassVar[str]
    """Name of the class of diffusers."""

    def steps(self, strength: float | None) -> int:
        return self.params.steps if strength is None else max(1, int(self.params.steps * strength))

    @property
    def chunk(self) -> tuple[int, int]:
        return (1, 2) if self.guided else (0, 1)

    @property
    def guided(self) -> bool:
        """Returns whether the model is also run on the negative prompt."""
        return self.params.guidance > 1

    def arguments(self, orders: Sequence[Order], data: TrainingSet, size: int) -> dict[str, Any]:
        """Returns the arguments that differ between pipelines."""
        raise NotImplementedError

    def pipeline(self, pipeline: Pipeline) -> Pipeline:
        import diffusers

        parts = {**pipeline.components, "scheduler": self._scheduler(pipeline)}
        own = getattr(diffusers, self.pipeline_class)(**parts, requires_safety_checker=False)
        own.set_progress_bar_config(disable=True)
        return own

    def draw(self, pipeline: Pipeline, orders: Sequence[Order], data: TrainingSet, size: int) -> list[np.ndarray]:
        import torch

        noises = [torch.Generator().manual_seed(order.seed) for order in orders]
        result = pipeline(
            prompt=[order.prompt for order in orders],
            negative_prompt=[self.params.negative_prompt] * len(orders) if self.guided else None,
            num_inference_steps=self.params.steps,
            guidance_scale=self.params.guidance if self.guided else 1.0,
            generator=noises,
            output_type="np",
            **self.arguments(orders, data, size),
        )
        return [to_uint8(image, size) for image in result.images]

    def _scheduler(self, pipeline: Pipeline) -> Pipeline:
        import diffusers

        names = {"dpm-solver": "DPMSolverMultistepScheduler", "ddim": "DDIMScheduler"}
        if self.params.scheduler == "model":
            return pipeline.scheduler
        return getattr(diffusers, names[self.params.scheduler]).from_config(pipeline.scheduler.config)
