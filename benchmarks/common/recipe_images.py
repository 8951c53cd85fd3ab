"""Images with the transforms of a published recipe, in their order; masks are moved with their images."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import Dataset
from torchvision.transforms import v2
from torchvision.transforms.v2 import InterpolationMode

from .images import facts_of
from .rand_augment import RandAugment
from .records import ImageRecord
from .resized import load_image

BICUBIC = InterpolationMode.BICUBIC
WIDER = 256 / 224
"""Side of an image before its crop, in units of the crop, where a recipe says 256 and 224."""


def recipe_transforms(name: str, size: int, resize: int | None, train: bool) -> list[v2.Transform]:
    """Returns the transforms of a recipe for inputs of `size` x `size` pixels. resize: side before a crop, by default
    256/224 of it.

    `bob`: of the classifiers of DataDream and BOB, where the blur's kernel has 13 pixels. `diff-ii` and
    `diff-ii-long-tail`: of Diff-II's ResNet-50 on few images and on a long tail.
    """
    side = resize or round(WIDER * size)
    squeezed = [v2.Resize([side, side]), v2.CenterCrop(size)]
    if name == "diff-ii":
        return (
            [v2.Resize([side, side]), v2.RandomCrop(size, padding=8), v2.RandomHorizontalFlip()] if train else squeezed
        )
    if name == "diff-ii-long-tail":
        colours = v2.ColorJitter(brightness=0.4, contrast=0.4, saturation=0.4)
        return [v2.RandomResizedCrop(size), v2.RandomHorizontalFlip(), colours] if train else _cut(side, size)
    if not train:
        return _cut(size, size, BICUBIC)
    return [
        RandAugment(),
        v2.RandomResizedCrop(size, scale=(0.25, 1.0), interpolation=BICUBIC),
        v2.RandomHorizontalFlip(),
        v2.RandomApply([v2.ColorJitter(brightness=0.4, contrast=0.4, saturation=0.2, hue=0.1)], p=0.8),
        v2.RandomGrayscale(p=0.2),
        v2.RandomApply([v2.GaussianBlur(13, sigma=(0.1, 2.0))], p=0.2),
        v2.RandomSolarize(threshold=128, p=0.2),
    ]


def _cut(side: int, size: int, interpolation: InterpolationMode = InterpolationMode.BILINEAR) -> list[v2.Transform]:
    """The middle of the image, whose shorter side is resized first."""
    return [v2.Resize(side, interpolation=interpolation), v2.CenterCrop(size)]


class RecipeImages(Dataset[dict[str, Any]]):
    """Images of one size, from records, with the transforms of a recipe.

    Items and indices are those of `ImageDataset`; every random choice of a training item is a function of its seed.
    """

    def __init__(
        self,
        records: Sequence[ImageRecord],
        name: str,
        *,
        size: int,
        train: bool,
        resize: int | None = None,
        before: Callable[[Tensor], Tensor] | None = None,
    ) -> None:
        self.records = tuple(records)
        self.size, self.train, self.before = size, train, before
        self.transforms = v2.Compose(recipe_transforms(name, size, resize, train))

    def __len__(self) -> int:
        return len(self.records)

    def __getitem__(self, index: int | tuple[int, int]) -> dict[str, Any]:
        position, seed = index if isinstance(index, tuple) else (index, None)
        if (seed is not None) != self.train:
            wanted = "data[index, seed]" if self.train else "data[index]"
            raise TypeError(f"index must be {wanted}, since train is {self.train} (got {index!r})")
        image, mask = load_image(self.records[position])
        if self.before is not None:
            image, mask = self.before(image), None if mask is None else self.before(mask)
        with torch.random.fork_rng(devices=[]):
            if seed is not None:
                torch.default_generator.manual_seed(seed)
            parts = self.transforms(image) if mask is None else self.transforms(image, mask)
        image, mask = (parts, None) if mask is None else parts
        return {
            "image": image.as_subclass(Tensor).contiguous(),
            "mask": torch.ones(1, self.size, self.size, dtype=torch.uint8)
            if mask is None
            else mask.as_subclass(Tensor).contiguous(),
            **facts_of(self.records[position]),
        }
