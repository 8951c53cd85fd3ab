"""Synthetic sets as training images."""

from __future__ import annotations

from pathlib import Path

from provbench.registry.base import UserError
from provbench.registry.synthesizers import ROWS, read_manifest

from .records import ImageRecord


def synthetic_records(folder: Path, num_classes: int) -> list[ImageRecord]:
    """The images of the synthetic set in `folder`, guided where it has a provenance mask, with their sources, and their
    labels where they have several.

    Raises as `read_manifest` does, and `UserError` for a label outside 0..num_classes - 1.
    """
    records = []
    for place, row in enumerate(read_manifest(folder).rows, start=1):
        labels = [row.label] if row.labels is None else [label for label, _ in row.labels]
        if max(labels) >= num_classes:
            raise UserError(
                f"{folder / ROWS}: label of image {place} must be one of the task's classes, 0..{num_classes - 1} "
                f"(got {max(labels)})"
            )
        mask = None if row.mask is None else folder / row.mask
        records.append(
            ImageRecord(
                f"synthetic/{row.file}",
                folder / row.file,
                row.label,
                mask,
                mask is not None,
                synthetic=True,
                source=row.source,
                shares=tuple((label, weight) for label, weight in row.labels or ()),
            )
        )
    return records
