"""Keeps images that CLIP recognises."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field

from ...base import UserError
from ...contracts import ClassNamed, TrainingSet
from ...params import Params
from ..model_files import OneModel
from ..seams import Filter, Order, Verdict

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor


class ClipParams(Params):
    model: str = Field("openai/clip-vit-base-patch16", min_length=1, description="id on the hub, or path of a folder")
    revision: str | None = Field(None, description="commit, branch or tag on the hub; null: its main branch")
    prompt: str = Field("a photo of a {class}", description="of what an image should show")
    against: tuple[str, ...] = Field(
        (), description="prompts that it should not resemble more; (): the prompts of the other classes"
    )
    top: int = Field(1, ge=1, description="largest rank of its own prompt among all")


class Clip(OneModel, Filter):
    """Keep an image if CLIP finds its own prompt among the `top` best of all.

    Compared are the prompts of all classes (DISEF), or its own with prompts of what else it might show, such as
    `[a photo of an object, a photo of a scene, a blurred photo]` (ALIA's semantic filter).

    Sources: Radford et al. (ICML 2021); da Costa et al., "Diversified in-domain synthesis with efficient fine-tuning"
    (DISEF, 2023), with CLIP ViT-H/14; Dunlap et al., ALIA (NeurIPS 2023).
    """

    Params = ClipParams
    params: ClipParams
    _clip: Any = None

    def load(self, data: TrainingSet, folder: Path) -> None:
        from transformers.models.clip.modeling_clip import CLIPModel
        from transformers.models.clip.processing_clip import CLIPProcessor

        from ..devices import device
        from ..quiet import quiet

        found = self.files.require()
        with quiet():
            model: Any = CLIPModel.from_pretrained(found, local_files_only=True, use_safetensors=True)
            self._clip = model.to(device()).eval(), CLIPProcessor.from_pretrained(found, local_files_only=True)

    def judge(self, images: Sequence[np.ndarray], orders: Sequence[Order], data: TrainingSet) -> list[Verdict]:
        if not isinstance(data, ClassNamed):
            raise UserError(f"{data.folder}: the data set does not name its classes, which the filter clip needs")
        own = [self.params.prompt.replace("{class}", name) for name in data.class_names()]
        logits = self._logits(images, [*own, *self.params.against])
        return [self._verdict(row, order.label, len(own)) for row, order in zip(logits, orders, strict=True)]

    def _verdict(self, logits: Tensor, label: int, classes: int) -> Verdict:
        """Returns the verdict on an image; logits: of the classes' prompts, then of the others."""
        others = [place for place in range(classes) if place != label] if not self.params.against else []
        others += range(classes, len(logits))
        own = float(logits[label])
        rank = 1 + sum(float(logits[place]) > own for place in others)
        return Verdict(rank <= self.params.top, {"clip_rank": float(rank), "clip_logit": own})

    def _logits(self, images: Sequence[np.ndarray], texts: list[str]) -> Tensor:
        """(images, texts)."""
        import torch
        from PIL import Image

        model, processor = self._clip
        pictures = [Image.fromarray(image) for image in images]
        inputs = processor(text=texts, images=pictures, return_tensors="pt", padding=True, truncation=True)
        with torch.no_grad():
            return model(**inputs.to(model.device)).logits_per_image.float().cpu()
