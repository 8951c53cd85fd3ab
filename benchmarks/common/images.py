"""Images with labels and provenance masks, as a torch data set whose every random choice follows from a given seed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset
from torchvision import tv_tensors
from torchvision.transforms.v2 import functional as geometry

from provbench.registry.base import UserError, read_image, read_mask

from .records import ImageRecord

__all__ = ["ImageDataset", "ImageRecord", "read_image", "read_mask"]


class ImageDataset(Dataset[dict[str, Any]]):
    """Images of one size, from records.

    `data[index]` is an image for evaluation, resized to `size` x `size`; `data[index, seed]` is one for training, its
    random crop and flip a function of `seed` alone, whichever process makes it. Items are dicts:

    image: (3, size, size) uint8 RGB. label: int. id: str. mask: (1, size, size) uint8 in {0, 1}, the provenance mask,
    moved with the image. guided: bool.

    train: whether a seed is taken. resize: side that images are resized to before a random crop of `size`; None resizes
    to `size` and crops nothing. hflip: mirror half of the training images. cache: keep the resized images in memory.
    before: what is done to image and mask before they are resized, such as a fixed crop: a function that processes can
    hand to each other, from torchvision's `tv_tensors` to the same kind.

    Images are resized bilinearly with antialiasing and without keeping their aspect ratio, masks by nearest neighbour.
    Raises `UserError` naming the file where an image cannot be read, or a mask is not of its image's size.
    """

    def __init__(
        self,
        records: Sequence[ImageRecord],
        *,
        size: int,
        train: bool,
        resize: int | None = None,
        hflip: bool = True,
        cache: bool = False,
        before: Callable[[Tensor], Tensor] | None = None,
    ) -> None:
        if resize is not None and resize < size:
            raise ValueError(f"resize must be at least size ({size}), the side of the crop (got {resize})")
        self.records = tuple(records)
        self.size = size
        self.train = train
        self.hflip = hflip and train
        self.side = resize if train and resize is not None else size
        self.before = before
        self._cache: dict[int, tuple[Tensor, Tensor | None]] | None = {} if cache else None

    def __len__(self) -> int:
        return len(self.records)

    def __getitem__(self, index: int | tuple[int, int]) -> dict[str, Any]:
        position, seed = index if isinstance(index, tuple) else (index, None)
        if (seed is not None) != self.train:
            wanted = "data[index, seed]" if self.train else "data[index]"
            raise TypeError(f"index must be {wanted}, since train is {self.train} (got {index!r})")
        record = self.records[position]
        image, mask = self._resized(position)
        if seed is not None:
            image, mask = self._moved(image, mask, torch.Generator().manual_seed(seed))
        return item_of(record, image, mask, self.size)

    def _resized(self, position: int) -> tuple[Tensor, Tensor | None]:
        if self._cache is not None and position in self._cache:
            return self._cache[position]
        image, mask = load_image(self.records[position])
        if self.before is not None:
            image, mask = self.before(image), None if mask is None else self.before(mask)
        side = [self.side, self.side]
        resized = (geometry.resize(image, side, antialias=True), None if mask is None else geometry.resize(mask, side))
        if self._cache is not None:
            self._cache[position] = resized
        return resized

    def _moved(self, image: Tensor, mask: Tensor | None, generator: torch.Generator) -> tuple[Tensor, Tensor | None]:
        """The random crop and flip of one training sample. Draws the same numbers whatever is switched on."""
        top, left = torch.randint(self.side - self.size + 1, (2,), generator=generator).tolist()
        mirrored = bool(torch.rand((), generator=generator) < 0.5)
        parts = [image] if mask is None else [image, mask]
        if self.side > self.size:
            parts = [geometry.crop(part, top, left, self.size, self.size) for part in parts]
        if self.hflip and mirrored:
            parts = [geometry.horizontal_flip(part) for part in parts]
        return parts[0], (parts[1] if mask is not None else None)


def item_of(record: ImageRecord, image: Tensor, mask: Tensor | None, size: int) -> dict[str, Any]:
    """Returns the item of a record. image: (3, size, size); mask: (1, size, size), or None for one that covers all."""
    item = {
        "image": image.as_subclass(Tensor).contiguous(),
        "label": record.label,
        "id": record.id,
        "mask": _ones(size) if mask is None else mask.as_subclass(Tensor).contiguous(),
        "guided": record.guided,
    }
    if record.synthetic:
        item["synthetic"] = True
    if record.shares:
        item["shares"] = record.shares
    return item


def load_image(record: ImageRecord) -> tuple[Tensor, Tensor | None]:
    image = read_image(record.path)
    pixels = tv_tensors.Image(torch.from_numpy(np.array(image)).permute(2, 0, 1))
    if record.mask_path is None:
        return pixels, None
    mask = read_mask(record.mask_path)
    if mask.shape != image.shape[:2]:
        raise UserError(
            f"{record.mask_path}: the mask must be of its image's size, {_size(image)} as in {record.path} "
            f"(got {_size(mask)})"
        )
    return pixels, tv_tensors.Mask(torch.from_numpy(mask.astype(np.uint8))[None])


def _size(image: np.ndarray) -> str:
    return f"{image.shape[1]}x{image.shape[0]}"


def _ones(size: int) -> Tensor:
    return torch.ones(1, size, size, dtype=torch.uint8)
