"""The images of records, decoded and resized to one side, each as seldom as possible."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor
from torchvision import tv_tensors
from torchvision.transforms.v2 import functional as geometry

from provbench.registry.base import UserError, read_image, read_mask

from .pixel_file import PixelFile, digest_of
from .records import ImageRecord

if TYPE_CHECKING:
    from .pixel_cache import PixelCache

KEPT_BYTES = 64 << 20
"""Sets of images that are at most so large together stay in memory."""

Before = Callable[[Tensor], Tensor]
Resized = tuple[np.ndarray, np.ndarray | None]
"""(3, side, side) uint8 RGB, and (1, side, side) uint8 in {0, 1} or None for an image without a mask."""


class ResizedImages:
    """`images[position]` is the image of a record at `side` x `side`, with its provenance mask.

    Images are resized bilinearly with antialiasing and without keeping their aspect ratio, masks by nearest neighbour.
    cache: where they are kept for other processes and runs; None: nowhere. before: what is done to image and mask
    before they are resized. Raises `UserError` naming the file where an
    image cannot be read, or a mask is not of its image's size.
    """

    def __init__(
        self, records: Sequence[ImageRecord], side: int, cache: PixelCache | None, before: Before | None = None
    ) -> None:
        self.records, self.side, self.before = records, side, before
        self._slots: Sequence[tuple[PixelFile, int] | None] = cache.slots(records, side, before) if cache else ()
        self._kept: dict[int, Resized] | None = {} if len(records) * 4 * side**2 <= KEPT_BYTES else None

    def __getitem__(self, position: int) -> Resized:
        if self._kept is None:
            return self._found(position)
        if position not in self._kept:
            self._kept[position] = self._found(position)
        return self._kept[position]

    def _found(self, position: int) -> Resized:
        record, slot = self.records[position], self._slots[position] if self._slots else None
        if slot is None:
            return load(record, self.side, self.before)
        file, place = slot
        files = [record.path, *([record.mask_path] if record.mask_path else [])]
        pixels = file.read(place, files)
        if pixels is None:
            contents = digest_of(files)
            image, mask = load(record, self.side, self.before)
            pixels = image if mask is None else np.concatenate([image, mask])
            file.write(place, files, pixels, contents)
        return pixels[:3], (None if record.mask_path is None else pixels[3:])


def load(record: ImageRecord, side: int, before: Before | None = None) -> Resized:
    """Decodes and resizes the image of a record, and its mask."""
    image, mask = load_image(record)
    if before is not None:
        image, mask = before(image), None if mask is None else before(mask)
    resized = geometry.resize(image, [side, side], antialias=True).contiguous().numpy()
    return resized, None if mask is None else geometry.resize(mask, [side, side]).contiguous().numpy()


def load_image(record: ImageRecord) -> tuple[Tensor, Tensor | None]:
    """Returns the image of a record and its mask as torchvision's `tv_tensors`, in the size of their files."""
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
