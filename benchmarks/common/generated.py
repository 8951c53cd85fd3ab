"""Data sets that are generated on the spot: written once, whole or not at all, whatever processes ask for them."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from filelock import FileLock

from ...registry import MissingDataError, UserError

STAMP = "VERSION.json"
"""Written into a generated folder: the generator's name, version and parameters."""


def ensure_generated(folder: Path, stamp: Mapping[str, Any], write: Callable[[Path], None]) -> bool:
    """Have `write` fill `folder`, unless it was filled under the same stamp before. True if it was filled now.

    stamp: what the contents follow from (generator, version, parameters), as JSON values; a folder with another stamp
    is generated anew. `write` gets an empty folder beside `folder`, which takes its place when `write` returns; a lock
    file beside them keeps other processes waiting. Raises `UserError` where `folder` holds something else.
    """
    text = json.dumps(stamp, indent=2, sort_keys=True) + "\n"
    if _stamp(folder) == text:
        return False
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.parent / f".{folder.name}.lock"):
        found = _stamp(folder)
        if found == text:
            return False
        if found is None and folder.exists() and any(folder.iterdir()):
            raise UserError(f"{folder}: holds files that were not generated (no {STAMP}): move them elsewhere")
        _remove_leftovers(folder)
        fresh = Path(tempfile.mkdtemp(prefix=f".{folder.name}.new-", dir=folder.parent))
        fresh.chmod(0o755)
        try:
            write(fresh)
            (fresh / STAMP).write_text(text, encoding="utf-8")
            if folder.exists():
                old = folder.with_name(f".{folder.name}.old-{os.getpid()}")
                folder.rename(old)
            fresh.rename(folder)
        finally:
            _remove_leftovers(folder)
    return True


def require_generated(folder: Path, task: str) -> None:
    """Raise `MissingDataError`, which says how to have it generated, where a mini set is not there."""
    if not folder.is_dir():
        raise MissingDataError(
            f"{folder}: the mini data are not there; generate them with `provbench data prepare {task}:mini`"
        )


def _stamp(folder: Path) -> str | None:
    try:
        return (folder / STAMP).read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return None


def _remove_leftovers(folder: Path) -> None:
    """Remove what generators that were killed left behind. The caller holds the lock."""
    for kind in ("new", "old"):
        for leftover in folder.parent.glob(f".{folder.name}.{kind}-*"):
            shutil.rmtree(leftover, ignore_errors=True)
