"""Images from a prompt alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from ...contracts import TrainingSet
from ..seams import Order
from .common import PipelineSampler


class TextToImage(PipelineSampler):
    """Generate from noise. The defaults are those of DataDream and BOB: 50 steps, guidance 2, the model's scheduler."""

    pipeline_class: ClassVar[str] = "StableDiffusionPipeline"

    def arguments(self, orders: Sequence[Order], data: TrainingSet, size: int) -> dict[str, Any]:
        return {"height": size, "width": size}
