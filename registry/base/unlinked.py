"""The real files of an output folder: nothing is read, copied or removed through a link that lies in it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path


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
