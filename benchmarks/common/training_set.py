"""Image records as an offline synthesizer sees them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ...registry import MissingDataError
from ...registry.synthesizers.image_files import read_image, read_mask

if TYPE_CHECKING:
    import numpy as np

    from .records import ImageRecord


class RecordTrainingSet:
    """A `registry.TrainingSet` over image records; `segmentation` reads the outlines that the data set has.

    folder: the data set's own. hint: where to get the outlines, for the error where a record has none.
    """

    def __init__(self, records: Sequence[ImageRecord], num_classes: int, *, folder: Path, hint: str = "") -> None:
        self.records = tuple(records)
        self.num_classes = num_classes
        self.folder = folder
        self.hint = hint

    def __len__(self) -> int:
        return len(self.records)

    def sample_id(self, index: int) -> str:
        return self.records[index].id

    def label(self, index: int) -> int:
        return self.records[index].label

    def image(self, index: int) -> np.ndarray:
        return read_image(self.records[index].path)

    def segmentation(self, index: int) -> np.ndarray:
        path = self.records[index].segmentation
        if path is None:
            name = self.records[index].id
            raise MissingDataError(f"{name}: the data set has no segmentation of it. {self.hint}".strip())
        return read_mask(path)
