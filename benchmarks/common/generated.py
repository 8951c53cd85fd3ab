"""Data sets that are generated on the spot: written once, whole or not at all, whatever processes ask for them."""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from filelock import FileLock

from provbench.registry.base import (
    CHECKSUMS,
    MissingDataError,
    UserError,
    damage,
    is_locked,
    real_children,
    writable,
    write_checksums,
)

STAMP = "VERSION.json"
"""Written into a generated folder: the generator's name, version and parameters."""
KEPT = "edits"
"""Folder that users put edited images into: it stays when the set around it is generated anew."""
_LEFTOVER = re.compile(r"\.(.+)\.(?:new-[a-z0-9_]{8}|old-[0-9]+)")


def ensure_generated(folder: Path, stamp: Mapping[str, Any], write: Callable[[Path], None]) -> bool:
    """Have `write` fill `folder`, unless it was filled under the same stamp before. True if it was filled now.

    stamp: what the contents follow from (generator, version, parameters), as JSON values; a folder with another stamp
    is generated anew, and so is one whose files are no longer those that were written, as their checksums tell. `write`
    gets an empty folder next to `folder`, which takes its place when `write` returns; a lock file next to them keeps
    other processes waiting. A read-only folder without checksums is taken as it is: it is older than they are. Raises
    `UserError` where `folder` holds something else, or cannot be written.
    """
    text = json.dumps(stamp, indent=2, sort_keys=True) + "\n"
    if _stamp(folder) == text and (not damage(folder) or _is_old_and_read_only(folder)):
        return False
    if not writable(folder.parent):
        raise UserError(f"{folder}: cannot be written: choose a data root that can (--data), or make it writable")
    return _generate(folder, text, write)


def generated_problems(folder: Path) -> list[str]:
    """Returns one line for each difference between a generated folder and what was written to it; every file is
    read.
    """
    return [f"{problem}: `provbench data prepare` makes the set again" for problem in damage(folder, reread=True)]


def _generate(folder: Path, text: str, write: Callable[[Path], None]) -> bool:
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(_lock(folder)):
        _put_back(folder)
        found = _stamp(folder)
        problems = damage(folder) if found == text else []
        if found == text and not problems:
            return False
        if problems and (folder / CHECKSUMS).exists():
            warnings.warn(
                f"{folder}: is damaged and is made again ({len(problems)} files; {problems[0]})", stacklevel=3
            )
        if found is None and not (folder / CHECKSUMS).exists() and folder.exists() and any(folder.iterdir()):
            raise UserError(f"{folder}: holds files that were not generated (no {STAMP}): move them elsewhere")
        _remove_leftovers(folder)
        fresh = Path(tempfile.mkdtemp(prefix=f".{folder.name}.new-", dir=folder.parent))
        fresh.chmod(0o755)
        try:
            write(fresh)
            (fresh / STAMP).write_text(text, encoding="utf-8")
            write_checksums(fresh)
            if (folder / KEPT).is_dir():
                shutil.copytree(folder / KEPT, fresh / KEPT, symlinks=True)
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


def _is_old_and_read_only(folder: Path) -> bool:
    return not (folder / CHECKSUMS).exists() and not writable(folder.parent)


def _stamp(folder: Path) -> str | None:
    try:
        return (folder / STAMP).read_text(encoding="utf-8", errors="replace")  # torn bytes are another stamp
    except (FileNotFoundError, NotADirectoryError):
        return None


def leftovers(folder: Path) -> list[Path]:
    """Returns what killed generators left in a folder of generated sets: half-written and replaced sets, and locks.

    A set that a process is generating now has none, and neither has a lock in which nothing was generated. A replaced
    set is none while nothing is in its place: it is put back.
    """
    found = [(named[1], path) for path in real_children(folder) if (named := _LEFTOVER.fullmatch(path.name))]
    sets = {name for name, _ in found} | {path.name for path in real_children(folder) if _stamp(path) is not None}
    free = [name for name in sorted(sets) if not is_locked(_lock(folder / name))]
    unfinished = [path for name, path in found if name in free and path.is_dir() and _is_over(folder / name, path)]
    return unfinished + [_lock(folder / name) for name in free if _lock(folder / name).is_file()]


def _is_over(folder: Path, leftover: Path) -> bool:
    return folder.exists() or not leftover.name.startswith(f".{folder.name}.old-")


def _lock(folder: Path) -> Path:
    return folder.parent / f".{folder.name}.lock"


def _put_back(folder: Path) -> None:
    """Put a replaced set back whose successor never came into its place, with the edits in it."""
    for old in sorted(folder.parent.glob(f".{folder.name}.old-*")):
        if not folder.exists():
            old.rename(folder)


def _remove_leftovers(folder: Path) -> None:
    """Remove what generators that were killed left behind. The caller holds the lock."""
    _put_back(folder)
    for kind in ("new", "old"):
        for leftover in folder.parent.glob(f".{folder.name}.{kind}-*"):
            shutil.rmtree(leftover, ignore_errors=True)
