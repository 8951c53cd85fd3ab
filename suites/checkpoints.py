"""Which weights of a finished run are kept, and where."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Mapping
from math import isfinite
from pathlib import Path

from ..results.atomic import atomic_file, make_folder, sync_folder, write_errors
from ..results.record import RunRecord
from .spec import Keep


def weights_file(folder: Path, epoch: int) -> Path:
    """The weights of an epoch in a run's folder."""
    return folder / f"epoch_{epoch}.pth"


def wanted_epochs(record: RunRecord, metric: str, keep: Keep) -> set[int]:
    """The epochs of a finished final run whose weights a policy keeps; metric: the one that `best` goes by."""
    if record.phase != "final" or record.status != "done" or keep == "none" or not record.curve:
        return set()
    values = {int(entry["epoch"]): entry.get(metric, float("nan")) for entry in record.curve}
    if keep == "all":
        return set(values)
    return {max(values) if keep == "last" else _best(values)}


def _best(values: Mapping[int, float]) -> int:
    """The epoch of the largest value, the earliest of equals; the last one where no value is finite."""
    finite = {epoch: value for epoch, value in values.items() if isfinite(value)}
    return max(finite, key=finite.__getitem__, default=max(values))


def move_files(source: Path, target: Path) -> None:
    """Move every file of a folder, if it is there, into another; each is whole in one of them at any moment.

    Raises `UserError` where the disk is full.
    """
    if not source.is_dir():
        return
    with write_errors(target):
        make_folder(target)
        for file in sorted(source.iterdir()):
            _move(file, target / file.name)
        sync_folder(target)


def _move(source: Path, target: Path) -> None:
    try:
        source.replace(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        with source.open("rb") as old, atomic_file(target) as new:  # from another file system
            shutil.copyfileobj(old, new)
        source.unlink()
