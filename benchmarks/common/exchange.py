"""Images with their backgrounds, or their targets, exchanged: what a classifier's reliance is measured on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from provbench.registry.base import read_image, read_mask

from .inspection import spread
from .records import ImageRecord

SEED = 0
"""Seed of the pairs. It belongs to no run, so that all runs are measured on the same pictures."""
MARGIN, RADIUS = 3, 3.0
"""Pixels around a target that are filled in with it, and the neighbourhood that they are filled in from."""


class ExchangedImages(Dataset[dict[str, Any]]):
    """Each chosen image, that image over another one's background, and another image's target over its background.

    The partner of an image is drawn, once and for all, among the chosen images of other classes. Both are resized to
    `size` before anything is pasted; a target's place in its background is filled in (Telea's method) from around it.
    Items: `images` (3, 3, size, size) uint8, in this order; `label` int; `id` str.

    records: those without a segmentation are left out. count: how many of the others, evenly spread over the classes.
    """

    def __init__(self, records: Sequence[ImageRecord], *, size: int, count: int) -> None:
        outlined = [record for record in records if record.segmentation is not None]
        self.records = [outlined[place] for place in spread([record.label for record in outlined], count)]
        self.size = size
        self.partners = _partners([record.label for record in self.records])
        self._parts: dict[int, tuple[np.ndarray, np.ndarray, np.ndarray]] = {}

    def __len__(self) -> int:
        return len(self.records) if self.partners else 0

    def __getitem__(self, place: int) -> dict[str, Any]:
        image, target, background = self._split(place)
        other, other_target, other_background = self._split(self.partners[place])
        pictures = (
            image,
            np.where(target[..., None], image, other_background),
            np.where(other_target[..., None], other, background),
        )
        record = self.records[place]
        return {"images": torch.stack([_tensor(one) for one in pictures]), "label": record.label, "id": record.id}

    def _split(self, place: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The image, its target and its background without the target, at the data set's size; kept once made."""
        if place not in self._parts:
            record, side = self.records[place], (self.size, self.size)
            assert record.segmentation is not None
            image = cv2.resize(read_image(record.path), side, interpolation=cv2.INTER_AREA)
            outline = read_mask(record.segmentation).astype(np.uint8)
            target = cv2.resize(outline, side, interpolation=cv2.INTER_NEAREST).astype(bool)
            disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * MARGIN + 1, 2 * MARGIN + 1))
            hole = cv2.dilate(target.astype(np.uint8), disc)
            self._parts[place] = image, target, cv2.inpaint(image, hole, RADIUS, cv2.INPAINT_TELEA)
        return self._parts[place]


def _partners(labels: Sequence[int]) -> list[int]:
    """A place of another class for each place; [] where there is one class only."""
    classes = np.asarray(labels)
    if len(set(labels)) < 2:
        return []
    others = {label: np.flatnonzero(classes != label) for label in set(labels)}
    rng = np.random.default_rng(SEED)
    return [int(rng.choice(others[label])) for label in labels]


def _tensor(image: np.ndarray) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1)))
