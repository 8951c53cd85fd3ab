"""One process at a time in a run's working folder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from provbench.registry.base import describe_holder, write_holder

PATIENCE = 60.0
"""Seconds to wait for a predecessor: what it started to load data outlives it for some, when it is killed."""


@contextmanager
def working_folder(root: Path, key: str, patience: float = PATIENCE) -> Iterator[Path]:
    """The folder `<key>` under `root`, this process's alone while the body runs.

    Raises `OSError` that says who has it if it is not free within `patience` seconds. The lock dies with its process;
    its files in the folder go when the body ends.
    """
    folder = root / key
    _drop_links(folder)
    folder.mkdir(parents=True, exist_ok=True)
    file, holder = _lock_file(folder), folder / ".lock-holder.json"
    lock = FileLock(file)
    try:
        lock.acquire(timeout=patience)
    except Timeout:
        raise OSError(f"{folder}: another process is at work on this run{describe_holder(holder)}") from None
    try:
        write_holder(holder)
        yield folder
    finally:
        holder.unlink(missing_ok=True)
        file.unlink(missing_ok=True)  # while it is held: whoever waits for it sees that it is gone, and makes a new one
        lock.release()


def _drop_links(folder: Path) -> None:
    """Removes links that somebody put in the place of the folder or into it: the run would write through them."""
    for path in (folder, *(folder.iterdir() if folder.is_dir() and not folder.is_symlink() else ())):
        if path.is_symlink():
            path.unlink()


def is_held(folder: Path) -> bool:
    """Whether a process is at work in a folder that `working_folder` made. Makes nothing that was not there."""
    file = _lock_file(folder)
    if not file.exists():
        return False
    try:
        with FileLock(file, timeout=0):
            return False
    except (Timeout, OSError):  # what cannot be asked may be held
        return True


def _lock_file(folder: Path) -> Path:
    return folder / ".lock"
