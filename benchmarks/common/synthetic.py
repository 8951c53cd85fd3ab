"""Synthetic sets as training images."""

from __future__ import annotations

from pathlib import Path

from provbench.registry.base import UserError
from provbench.registry.synthesizers import ROWS, read_manifest

from .records import ImageRecord


def synthetic_records(folder: Path, num_classes: int) -> list[ImageRecord]:
    """The images of the synthetic set in `folder`, guided where it has a provenance mask.

    Raises as `read_manifest` does, and `UserError` for a label outside 0..num_classes - 1.
    """
    records = []
    for place, row in enumerate(read_manifest(folder).rows, start=1):
        if row.label >= num_classes:
            raise UserError(
                f"{folder / ROWS}: label of image {place} must be one of the task's classes, 0..{num_classes - 1} "
                f"(got {row.label})"
            )
        mask = None if row.mask is None else folder / row.mask
        records.append(ImageRecord(f"synthetic/{row.file}", folder / row.file, row.label, mask, mask is not None))
    return records
