"""Quarantine: a damaged file is moved aside, so that its run is repeated and nothing is lost."""

from __future__ import annotations

import warnings
from pathlib import Path

from provbench.registry.base import make_folder


class StoreWarning(UserWarning):
    """A file of the store was damaged, and moved aside."""


def set_aside(path: Path, folder: Path, reason: str) -> None:
    """Move `path` into `folder` under a name that is free there, and say so in a `StoreWarning`."""
    warnings.warn(f"{path}: {reason}; {_moved(path, folder)}, and counts as absent", StoreWarning, stacklevel=4)


def _moved(path: Path, folder: Path) -> str:
    """Move a file, and return what became of it. It never leaves the store through a link."""
    if folder.is_symlink():
        return f"left where it is, since {folder} is a link"
    target = folder / path.name
    number = 1
    while target.exists():
        number += 1
        target = folder / f"{path.name}.{number}"
    try:
        make_folder(folder)
        path.replace(target)
    except OSError as error:
        return f"left where it is, since it cannot be moved ({error.strerror})"
    return f"moved to {target}"
