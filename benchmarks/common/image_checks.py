"""Checks that the images of a data set exist and can be read."""

from __future__ import annotations

from collections.abc import Sequence

from provbench.registry import Progress
from provbench.registry.base import MissingDataError, UserError, read_image, read_mask

from .records import ImageRecord


def require_images(records: Sequence[ImageRecord], where_to_get: str, split: str = "") -> None:
    """Raises `MissingDataError` that names the first image file that is not there, and says where to get the data."""
    missing = [record.path for record in records if not record.path.is_file()]
    if missing:
        among = f"{len(records)} of split {split}" if split else f"{len(records)}"
        raise MissingDataError(
            f"{missing[0]}: no such image ({len(missing)} of the {among} are missing).\n{where_to_get}".rstrip()
        )


def image_problems(records: Sequence[ImageRecord], progress: Progress) -> list[str]:
    """Reads every image and outline. Returns what is wrong, one line each: files that cannot be read, and outlines that
    are not of their image's size."""
    problems = []
    for done, record in enumerate(records, start=1):
        outline = record.segmentation
        try:
            size = read_image(record.path).shape[:2]
            found = size if outline is None else read_mask(outline).shape
        except UserError as error:
            problems.append(str(error))
        else:
            if found != size:
                problems.append(
                    f"{outline}: expected its image's {size[1]}x{size[0]} pixels (got {found[1]}x{found[0]})"
                )
        progress(done, len(records))
    return problems
