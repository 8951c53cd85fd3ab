"""Which weights of a finished run are kept, and where."""

from __future__ import annotations

import errno
import shutil
from pathlib import Path

from provbench.registry.base import atomic_file, best_key, make_folder, real_files, sync_folder, write_errors
from provbench.results.store import RunRecord

from ..planning import Keep


def weights_file(folder: Path, epoch: int) -> Path:
    """The weights of an epoch in a run's folder."""
    return folder / f"epoch_{epoch}.safetensors"


def is_whole(file: Path) -> bool:
    """Whether weights are there and complete: the lengths in their header add up to the file's. Imports no torch."""
    import safetensors

    try:
        with safetensors.safe_open(file, framework="numpy"):
            return True
    except (OSError, ValueError, safetensors.SafetensorError):
        return False


def wanted_epochs(record: RunRecord, metric: str, keep: Keep, higher_is_better: bool = True) -> set[int]:
    """The epochs of a finished final run whose weights a policy keeps: `best` is by the metric in its direction, and
    the last one where no value is finite."""
    if record.phase != "final" or record.status != "done" or keep == "none" or not record.curve:
        return set()
    values = {int(entry["epoch"]): entry.get(metric, float("nan")) for entry in record.validations}
    if keep == "all":
        return set(values)
    best = best_key(values, higher_is_better) if keep == "best" else None
    return {max(values) if best is None else best}


def move_files(source: Path, target: Path) -> None:
    """Move every file of a folder, if it is there, into another; each is whole in one of them at any moment.

    Only real files are moved, and a link in the place of the other folder gives way to a folder.

    Raises `UserError` where the disk is full.
    """
    if source.is_symlink() or not source.is_dir():
        return
    with write_errors(target):
        if target.is_symlink():
            target.unlink()
        make_folder(target)
        for file in sorted(real_files(source)):
            if len(file.parts) == 1:
                _move(source / file, target / file)
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
