"""Images with labels and provenance masks, as a torch data set whose every random choice follows from a given seed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from provbench.registry.base import read_image, read_mask

from .records import ImageRecord
from .resized import Resized, ResizedImages

if TYPE_CHECKING:
    from .pixel_cache import PixelCache

__all__ = ["ImageDataset", "ImageRecord", "read_image", "read_mask"]

Index = int | tuple[int, int]
"""The place of an image for evaluation, or that of one for training with its seed."""


class ImageDataset(Dataset[dict[str, Any]]):
    """Images of one size, from records.

    `data[index]` is an image for evaluation, resized to `size` x `size`; `data[index, seed]` is one for training, its
    random crop and flip a function of `seed` alone, whichever process makes it. Items are dicts:

    image: (3, size, size) uint8 RGB. label: int. id: str. mask: (1, size, size) uint8 in {0, 1}, the provenance mask,
    moved with the image. guided: bool.

    train: whether a seed is taken. resize: side that images are resized to before a random crop of `size`; None resizes
    to `size` and crops nothing. hflip: mirror half of the training images. cache: where resized images are kept for
    other processes and runs. before: what is done to image and mask before they are resized, such as a fixed crop: a
    function that processes can hand to each other, from torchvision's `tv_tensors` to the same kind.

    Images are resized as `ResizedImages` describes, which says what is raised, too.
    """

    def __init__(
        self,
        records: Sequence[ImageRecord],
        *,
        size: int,
        train: bool,
        resize: int | None = None,
        hflip: bool = True,
        cache: PixelCache | None = None,
        before: Callable[[Tensor], Tensor] | None = None,
    ) -> None:
        if resize is not None and resize < size:
            raise ValueError(f"resize must be at least size ({size}), the side of the crop (got {resize})")
        self.records = tuple(records)
        self.size = size
        self.train = train
        self.hflip = hflip and train
        self.side = resize if train and resize is not None else size
        self._resized = ResizedImages(self.records, self.side, cache, before)

    def __len__(self) -> int:
        return len(self.records)

    def __getitem__(self, index: Index) -> dict[str, Any]:
        batch = self.__getitems__([index])
        return {"image": batch["image"][0], "mask": batch["mask"][0], **batch["rest"][0]}

    def __getitems__(self, indices: Sequence[Index]) -> dict[str, Any]:
        """Returns the items of several indices in the form that `benchmarks.training.data` describes."""
        places, seeds = self._wanted(indices)
        images = np.empty((len(places), 3, self.size, self.size), np.uint8)
        masks = np.ones((len(places), 1, self.size, self.size), np.uint8)
        generator = torch.Generator()
        for number, (place, seed) in enumerate(zip(places, seeds, strict=True)):
            image, mask = self._resized[place] if seed is None else self._moved(place, generator.manual_seed(seed))
            images[number] = image
            if mask is not None:
                masks[number] = mask
        rest = [facts_of(self.records[place]) for place in places]
        return {"image": torch.from_numpy(images), "mask": torch.from_numpy(masks), "rest": rest}

    def _wanted(self, indices: Sequence[Index]) -> tuple[list[int], list[int | None]]:
        """Returns places and seeds. Raises `TypeError` for indices of the other kind."""
        for index in indices:
            if isinstance(index, tuple) != self.train:
                wanted = "data[index, seed]" if self.train else "data[index]"
                raise TypeError(f"index must be {wanted}, since train is {self.train} (got {index!r})")
        pairs = [index if isinstance(index, tuple) else (index, None) for index in indices]
        return [place for place, _ in pairs], [seed for _, seed in pairs]

    def _moved(self, place: int, generator: torch.Generator) -> Resized:
        """The random crop and flip of one training sample. Draws the same numbers whatever is switched on."""
        top, left = torch.randint(self.side - self.size + 1, (2,), generator=generator).tolist()
        mirrored = torch.rand((), generator=generator).item() < 0.5
        window = (slice(None), slice(top, top + self.size), slice(left, left + self.size))
        step = -1 if self.hflip and mirrored else 1
        image, mask = self._resized[place]
        return image[window][..., ::step], None if mask is None else mask[window][..., ::step]


def facts_of(record: ImageRecord) -> dict[str, Any]:
    """Returns what an item has of its record beside image and mask."""
    facts: dict[str, Any] = {"label": record.label, "id": record.id, "guided": record.guided}
    if record.synthetic:
        facts["synthetic"] = True
    if record.shares:
        facts["shares"] = record.shares
    return facts
