"""Images from a training image and an instruction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from pydantic import Field

from ...base import UserError
from ...contracts import TrainingSet
from ..pixels import pictures, source_image
from ..seams import Order, Pipeline
from .common import PipelineSampler, SamplerParams


class InstructPix2PixParams(SamplerParams):
    guidance: float = Field(7.5, gt=1, description="scale of guidance by the instruction")
    image_guidance: float = Field(1.5, ge=1, description="scale of guidance by the training image")


class InstructPix2Pix(PipelineSampler):
    """Edit a training image by an instruction. The generator must be an InstructPix2Pix model.

    Sources: Brooks et al., "InstructPix2Pix" (CVPR 2023); ALIA (Dunlap et al., NeurIPS 2023) edits Waterbirds by it.
    """

    Params = InstructPix2PixParams
    params: InstructPix2PixParams
    pipeline_class: ClassVar[str] = "StableDiffusionInstructPix2PixPipeline"
    edits: ClassVar[bool] = True

    @property
    def chunk(self) -> tuple[int, int]:
        return (0, 3)

    @property
    def sources(self) -> str:
        return "same-class"

    def pipeline(self, pipeline: Pipeline) -> Pipeline:
        channels = pipeline.unet.config["in_channels"]
        if channels != 2 * pipeline.vae.config["latent_channels"]:
            raise UserError(
                f"sampler: instruct-pix2pix needs a U-Net whose input is noise and an image, and the generator's has "
                f"{channels} input channels: use the model timbrooks/instruct-pix2pix"
            )
        return super().pipeline(pipeline)

    def arguments(self, orders: Sequence[Order], data: TrainingSet, size: int) -> dict[str, Any]:
        return {
            "image": pictures([source_image(data, order, size) for order in orders]),
            "image_guidance_scale": self.params.image_guidance,
        }
