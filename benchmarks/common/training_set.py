"""Image records as an offline synthesizer sees them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from provbench.registry.base import MissingDataError, UserError, file_digests, read_image, read_mask
from provbench.registry.synthesizers import digest_of_samples

if TYPE_CHECKING:
    import numpy as np

    from .records import ImageRecord


class RecordTrainingSet:
    """A `registry.TrainingSet` over image records; `segmentation` reads the outlines that the data set has.

    folder: the data set's own, under which every file lies. hint: where to get the outlines, for the error where a
    record has none. orders: ids of samples as other programs number them, by the program's name. names: of the classes.
    captions: descriptions by aspect, of the samples that have any, by id.
    """

    def __init__(
        self,
        records: Sequence[ImageRecord],
        num_classes: int,
        *,
        folder: Path,
        hint: str = "",
        orders: Mapping[str, Sequence[str]] | None = None,
        names: Sequence[str] = (),
        captions: Mapping[str, Mapping[str, str]] | None = None,
    ) -> None:
        self.records = tuple(records)
        self.num_classes = num_classes
        self.folder = folder
        self.hint = hint
        self.orders = orders or {}
        self.names = names or [str(label) for label in range(num_classes)]
        self.captions = captions or {}

    def __len__(self) -> int:
        return len(self.records)

    def sample_id(self, index: int) -> str:
        return self.records[index].id

    def label(self, index: int) -> int:
        return self.records[index].label

    def class_names(self) -> Sequence[str]:
        return self.names

    def context(self, index: int) -> Mapping[str, str]:
        return self.captions.get(self.records[index].id, {})

    def image(self, index: int) -> np.ndarray:
        return read_image(self.records[index].path)

    def segmentation(self, index: int) -> np.ndarray:
        path = self.records[index].segmentation
        if path is None:
            name = self.records[index].id
            raise MissingDataError(f"{name}: the data set has no segmentation of it. {self.hint}".strip())
        return read_mask(path)

    def digest(self, segmentations: bool) -> str:
        """Returns the digest of the files' contents as `training_digest` does; it is cached while the files look
        unchanged.
        """
        outlines = [record.segmentation for record in self.records if segmentations and record.segmentation is not None]
        known = file_digests(self.folder, [*(record.path for record in self.records), *outlines])
        samples = [
            [record.id, record.label, known[record.path], record.segmentation and known.get(record.segmentation)]
            for record in self.records
        ]
        return digest_of_samples(self.num_classes, samples)

    def numbering(self, order: str) -> Sequence[str]:
        if order not in self.orders:
            known = ", ".join(sorted(self.orders)) or "none"
            raise UserError(f"order: {self.folder.name} is not numbered by {order!r} (known here: {known})")
        return self.orders[order]
