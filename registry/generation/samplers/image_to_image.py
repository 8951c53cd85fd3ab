"""Images from a training image and a prompt."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from ...contracts import TrainingSet
from ..digests import seed as seed_from
from ..pixels import pictures, source_image
from ..seams import Order
from .common import PipelineSampler, SamplerParams

Strength = Annotated[float, Field(gt=0, le=1)]


class ImageToImageParams(SamplerParams):
    steps: int = Field(25, ge=1, description="denoising steps of strength 1; an edit has its strength's share of them")
    guidance: float = Field(7.5, ge=0, description="scale of classifier-free guidance; 1 or less: none")
    strength: Strength | tuple[Strength, ...] = Field(
        0.5, description="share of the noise that is added to the training image, or several that are drawn from"
    )
    sources: Literal["same-class", "other-class"] = Field("same-class", description="whose training images are edited")


class ImageToImage(PipelineSampler):
    """Add noise to a training image and remove it by a prompt (SDEdit).

    With images of other classes, and the label rule `mix`, this is Diff-Mix; of the same class, Diff-Aug; with a model
    that was not tuned, Real-Guidance.

    Sources: Meng et al., "SDEdit" (ICLR 2022); Wang et al., "Enhance Image Classification via Inter-Class Image Mixup
    with Diffusion Model" (CVPR 2024), strengths 0.3, 0.5, 0.7 and 0.9, or 0.7 to 0.8; He et al., "Is Synthetic Data
    from Generative Models Ready for Image Recognition?" (ICLR 2023), strength 0.5.
    """

    Params = ImageToImageParams
    params: ImageToImageParams
    pipeline_class: ClassVar[str] = "StableDiffusionImg2ImgPipeline"
    edits: ClassVar[bool] = True

    @property
    def sources(self) -> str:
        return self.params.sources

    @property
    def _strengths(self) -> tuple[float, ...]:
        given = self.params.strength
        return given if isinstance(given, tuple) else (given,)

    @property
    def mean_steps(self) -> float:
        return sum(map(self.steps, self._strengths)) / len(self._strengths)

    def strength(self, seed: int) -> float:
        import numpy as np

        return float(np.random.default_rng(seed_from("strength", seed)).choice(self._strengths))

    def arguments(self, orders: Sequence[Order], data: TrainingSet, size: int) -> dict[str, Any]:
        strength = orders[0].strength
        assert all(order.strength == strength for order in orders), "a batch has one strength"
        return {"image": pictures([source_image(data, order, size) for order in orders]), "strength": strength}
