"""Locations of files that are made from data and can be made again: synthetic sets, converted annotations, caches."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from .errors import UserError

VARIABLE = "PROVBENCH_DERIVED"
"""Environment variable that names a folder for everything derived."""


def derived_folder(root: Path) -> Path:
    """The folder in which what is derived from the data in `root` is written.

    That is `root` itself, unless it cannot be written or the environment variable `PROVBENCH_DERIVED` names another
    folder; without the variable, what is derived from read-only data goes into the user's cache folder
    (`$XDG_CACHE_HOME/provbench`, by default `~/.cache/provbench`). In both, `root` has a subfolder of its own. No run
    key depends on the choice. Nothing is created here. Raises `UserError` where no such folder can be written.
    """
    chosen = os.environ.get(VARIABLE)
    if not chosen and writable(root):
        return root
    base = Path(chosen) if chosen else _user_cache()
    if not writable(base):
        others = "" if chosen else f"neither {root} nor "
        raise UserError(
            f"{others}{base}: cannot be written, and what is derived from the data needs a place: set {VARIABLE} to a "
            "folder that can be written"
        )
    return base / _own_name(root)


def derived_folders(root: Path) -> list[Path]:
    """Returns the folders that may hold data derived from `root`: the one in the data root, and the one in use now."""
    try:
        return list(dict.fromkeys((root, derived_folder(root))))
    except UserError:
        return [root]


def generated_folder(root: Path, name: str) -> Path:
    """Returns the folder of a generated data set: in the data root, or, if it is absent there and the root cannot be
    written, in the folder for derived data.
    """
    own = root / name
    is_a_file = root.exists() and not root.is_dir()  # a mistake, which is reported where the data are written
    return own if own.exists() or writable(root) or is_a_file else derived_folders(root)[-1] / name


def _user_cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser()) / "provbench"


def _own_name(root: Path) -> str:
    resolved = root.resolve()
    return f"{resolved.name}-{hashlib.sha256(os.fsencode(resolved)).hexdigest()[:8]}"


def writable(folder: Path) -> bool:
    """Returns whether files can be created in `folder`, or, if it does not exist, in the nearest folder that does."""
    folder = folder.absolute()
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)
