"""Image records: what a task knows of an image before anything is read. Without torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from provbench.registry.base import MissingDataError, UserError

Split = Literal["train", "val", "test"]
SPLITS: tuple[Split, ...] = ("train", "val", "test")
Box = tuple[int, int, int, int]
"""x0, y0, x1, y1 in pixels, both corners inclusive."""

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp"})
"""Endings of the names of image files, in lower case."""


@dataclass(frozen=True)
class ImageRecord:
    """One image of a data set.

    id: its name in the data set, unique within its split. mask_path: its provenance mask, white where the pixel comes
    from the label's target; None says that all of it does. guided: whether that mask says anything worth guiding by.
    segmentation: the target's outline as the data set has it, white on the target, or None. group: the number of its
    group, where the task has `groups`. boxes: of the targets, in the pixels of the file. caption: a description in
    words, "" for none. cluster: the name of what it belongs to with other images, such as a sequence of frames, for
    intervals over samples; None: it stands alone. synthetic: whether an offline synthesizer made it; source: the id of
    the training image that it was made of, if of one. shares: labels with their weights, where it has several.
    """

    id: str
    path: Path
    label: int
    mask_path: Path | None = None
    guided: bool = False
    segmentation: Path | None = None
    group: int | None = None
    boxes: tuple[Box, ...] = ()
    caption: str = ""
    cluster: str | None = None
    synthetic: bool = False
    source: str | None = None
    shares: tuple[tuple[int, float], ...] = ()


def folder_records(root: Path, folder: str, classes: Sequence[str], where_to_get: str = "") -> list[ImageRecord]:
    """Returns the images under `root/folder/<class>`, in the order of the classes and of the files' names.

    Ids are the paths under `root`. Hidden files and files of other kinds are skipped. Raises `MissingDataError` where
    the folder of a class is not there, and `UserError` where it holds no image.
    """
    records: list[ImageRecord] = []
    for label, name in enumerate(classes):
        own = root / folder / name
        if not own.is_dir():
            raise MissingDataError(f"{own}: no such folder.\n{where_to_get}".strip())
        images = sorted(path for path in own.rglob("*") if path.suffix.lower() in SUFFIXES and path.name[0] != ".")
        if not images:
            raise UserError(f"{own}: holds no image ({', '.join(sorted(SUFFIXES))})")
        records += [ImageRecord(path.relative_to(root).as_posix(), path, label) for path in images]
    return records
