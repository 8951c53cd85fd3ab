"""New surroundings of a training image's target, whose pixels stay."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from ...base import UserError, missing_messages
from ...contracts import TrainingSet
from ..pixels import pictures, source_image
from ..seams import Order
from .common import PipelineSampler, SamplerParams

if TYPE_CHECKING:
    import numpy as np


class InpaintParams(SamplerParams):
    guidance: float = Field(7.5, ge=0, description="scale of classifier-free guidance; 1 or less: none")
    strength: float = Field(1.0, gt=0, le=1, description="share of the noise that is added to the surroundings")
    margin: int = Field(0, ge=0, description="pixels around the target that stay with it")


class Inpaint(PipelineSampler):
    """Repaint everything but the target, and put the target's own pixels back.

    The provenance mask is the segmentation itself (with `margin`), at the size of the image. Needs the training set's
    segmentations. Works with inpainting models and, as diffusers does it, with ordinary ones.
    """

    Params = InpaintParams
    params: InpaintParams
    pipeline_class: ClassVar[str] = "StableDiffusionInpaintPipeline"
    edits: ClassVar[bool] = True
    locks_target: ClassVar[bool] = True

    @property
    def sources(self) -> str:
        return "same-class"

    @property
    def mean_steps(self) -> float:
        return self.steps(self.params.strength)

    def strength(self, seed: int) -> float:
        return self.params.strength

    def missing_inputs(self, data: TrainingSet) -> list[str]:
        return missing_messages(lambda: data.segmentation(0))

    def arguments(self, orders: Sequence[Order], data: TrainingSet, size: int) -> dict[str, Any]:
        import numpy as np

        holes = [np.where(self.locked(data, order, size), 0, 255).astype(np.uint8) for order in orders]
        return {
            "image": pictures([source_image(data, order, size) for order in orders]),
            "mask_image": pictures(holes),
            "strength": self.params.strength,
            "height": size,
            "width": size,
        }

    def draw(self, pipeline: Any, orders: Sequence[Order], data: TrainingSet, size: int) -> list[np.ndarray]:
        import numpy as np

        images = super().draw(pipeline, orders, data, size)
        return [
            np.where(self.locked(data, order, size)[..., None], source_image(data, order, size), image)
            for order, image in zip(orders, images, strict=True)
        ]

    def locked(self, data: TrainingSet, order: Order, size: int) -> np.ndarray:
        """Returns (size, size) bool, True where the pixels stay. Raises `UserError` where there is no target."""
        import cv2
        import numpy as np

        assert order.source is not None, "an edit has a source"
        mask = data.segmentation(order.source).astype(np.uint8)
        mask = cv2.resize(mask, (size, size), interpolation=cv2.INTER_NEAREST)
        if self.params.margin:
            side = 2 * self.params.margin + 1
            mask = cv2.dilate(mask, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)))
        if not mask.any():
            raise UserError(f"{data.sample_id(order.source)}: its segmentation is empty, so there is no target to keep")
        return mask > 0
