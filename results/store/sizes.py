"""Disk usage of an output folder."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path


def folder_sizes(root: Path) -> dict[str, int]:
    """Bytes by what lies in `root`, sorted by name: each folder as a whole; `index`; and `other`, the remaining files.

    The sizes of the files as they are read. Symbolic links are not followed. A folder that is not there has none.
    """
    sizes: dict[str, int] = {}
    with suppress(FileNotFoundError), os.scandir(root) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                sizes[entry.name] = _tree(entry.path)
            else:
                name = "index" if entry.name.startswith("index.sqlite") else "other"
                sizes[name] = sizes.get(name, 0) + _size(entry)
    return dict(sorted(sizes.items()))


def _tree(folder: str) -> int:
    total, folders = 0, [folder]
    while folders:
        with suppress(FileNotFoundError, PermissionError), os.scandir(folders.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.path)
                else:
                    total += _size(entry)
    return total


def _size(entry: os.DirEntry[str]) -> int:
    with suppress(FileNotFoundError):
        return entry.stat(follow_symlinks=False).st_size
    return 0
