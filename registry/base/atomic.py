"""Files that are whole and real: written completely or not at all, and never found through a link."""

from __future__ import annotations

import errno
import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from .errors import UserError

SUFFIX = ".tmp"
_TEMPORARY = re.compile(rf"\..+\.[0-9a-f]{{12}}{re.escape(SUFFIX)}")
STALE_SECONDS = 3600.0

_FULL = (errno.ENOSPC, errno.EDQUOT)
_FORBIDDEN = (errno.EACCES, errno.EPERM, errno.EROFS)


@contextmanager
def atomic_file(path: Path) -> Iterator[BinaryIO]:
    """Yields a temporary file next to `path`, which takes its place when the block ends, and vanishes if the block
    fails.

    Raises `UserError` where the disk is full or the folder read-only.
    """
    with write_errors(path), atomic_path(path) as temporary, temporary.open("xb") as file:
        yield file


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """A path to write to; the file that is there when the block ends takes the place of `path`.

    Whoever reads `path` sees the old content or the new one, also after a power failure. The file is next to `path`,
    and not in the system's temporary folder, because a rename is atomic within one file system only.
    """
    make_folder(path.parent)
    temporary = temporary_beside(path)
    try:
        yield temporary
        with temporary.open("rb") as written:
            os.fsync(written.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def link_or_copy(source: Path, target: Path) -> None:
    """Gives a file a second name, or copies it on a file system without such."""
    try:
        target.hardlink_to(source)
    except OSError:
        with atomic_path(target) as file:
            shutil.copyfile(source, file)


def temporary_beside(path: Path) -> Path:
    """Returns a new name next to `path` that `remove_stale` knows."""
    return path.with_name(f".{path.name}.{uuid4().hex[:12]}{SUFFIX}")


@contextmanager
def write_errors(path: Path) -> Iterator[None]:
    """Turns an error in writing `path` that the user can fix into a `UserError`."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise UserError(
                f"{path}: the disk is full, so this file was not written ({error.strerror}). Free some space and start "
                "again: what was finished before is complete, and is not run again."
            ) from error
        if error.errno in _FORBIDDEN:
            raise UserError(f"{path}: cannot be written ({error.strerror}). Choose a folder that can.") from error
        raise


def make_folder(folder: Path) -> None:
    """Create `folder` and its parents, so that they outlive a power failure."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Make the folder's entries durable, where its file system can."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def is_temporary(name: str) -> bool:
    """Returns whether a file of this name is one that `atomic_file` writes, or was writing when its process was
    killed.
    """
    return _TEMPORARY.fullmatch(name) is not None


def remove_stale(folder: Path, seconds: float = STALE_SECONDS) -> None:
    """Remove the temporary files below `folder` that a killed process left there more than `seconds` ago."""
    oldest = time.time() - seconds
    for parent, _, names in os.walk(folder):
        for name in names:
            if name.startswith(".") and name.endswith(SUFFIX):
                path = Path(parent, name)
                with suppress(OSError):  # another process was quicker, or the folder is read-only
                    if path.stat().st_mtime < oldest:
                        path.unlink()


def real_files(root: Path, below: Path | str = "") -> Iterator[Path]:
    """The regular files below `root/below`, as paths relative to `root`; none where a part of `below` is a link.

    Hidden files are left out: what a killed process left half-written is one. `root` itself may be a link, since
    whoever names it means it.
    """
    folders = [Path(below)] if is_real(root, below) else []
    while folders:
        folder = folders.pop()
        with suppress(OSError), os.scandir(root / folder) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    folders.append(folder / entry.name)
                elif entry.is_file(follow_symlinks=False) and not entry.name.startswith("."):
                    yield folder / entry.name


def is_real(root: Path, path: Path | str) -> bool:
    """Returns whether no part of `path`, which is relative to `root`, is a link, and none leads out of it; it may be
    absent.
    """
    parts = Path(path).parts
    if Path(path).is_absolute() or ".." in parts:
        return False
    return not any(root.joinpath(*parts[:end]).is_symlink() for end in range(1, len(parts) + 1))


def real_children(folder: Path) -> list[Path]:
    """Returns the entries of a folder, sorted, links included; [] if the folder is a link or does not exist."""
    return sorted(folder.iterdir()) if folder.is_dir() and not folder.is_symlink() else []
