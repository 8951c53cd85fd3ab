"""The use of synthetic images in training: beside the real ones, or in their place."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np
from torch.utils.data import Dataset

from .records import ImageRecord


class ReplacedImages(Dataset[dict[str, Any]]):
    """The real images, some of which are replaced by synthetic ones each time that they are asked for.

    images: the real images, then the synthetic ones, as `data[index, seed]`. With probability `prob` the real image is
    replaced, by one of the synthetic images that `how` allows, each as likely as the others: `replace-local`: of those
    that were made of it; `replace-class`: of those of its class; `replace-global`: of all; `replace-balanced`: of those
    of a class that is drawn with a probability in inverse proportion to its real images, plus one. Where there are
    none, it stays. Both draws are functions of the sample's seed.
    """

    def __init__(
        self, images: Dataset[Any], real: Sequence[ImageRecord], made: Sequence[ImageRecord], how: str, prob: float
    ) -> None:
        self.images, self.real, self.how, self.prob = images, tuple(real), how, prob
        self.everything = [len(real) + place for place in range(len(made))]
        self.by_class: dict[int, list[int]] = defaultdict(list)
        self.by_source: dict[str | None, list[int]] = defaultdict(list)
        for place, record in zip(self.everything, made, strict=True):
            self.by_class[record.label].append(place)
            self.by_source[record.source].append(place)
        counts = Counter(record.label for record in real)
        self.classes = sorted(self.by_class)
        weights = np.array([1 / (counts[label] + 1) for label in self.classes])
        self.weights = weights / weights.sum() if len(weights) else weights

    def __len__(self) -> int:
        return len(self.real)

    def __getitem__(self, index: tuple[int, int]) -> dict[str, Any]:
        position, seed = index
        rng = np.random.default_rng([seed, 1])
        if rng.random() < self.prob and (allowed := self._allowed(self.real[position], rng)):
            position = allowed[int(rng.integers(len(allowed)))]
        return self.images[position, seed]

    def _allowed(self, record: ImageRecord, rng: np.random.Generator) -> Sequence[int]:
        """Returns the places of the synthetic images that may stand in for a real one."""
        if self.how == "replace-global" or not self.classes:
            return self.everything
        if self.how == "replace-balanced":
            return self.by_class[self.classes[int(rng.choice(len(self.classes), p=self.weights))]]
        if self.how == "replace-class":
            return self.by_class.get(record.label, ())
        return self.by_source.get(record.id, ())
