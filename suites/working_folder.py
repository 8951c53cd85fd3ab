"""One process at a time in a run's working folder."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

PATIENCE = 60.0
"""Seconds to wait for a predecessor: what it started to load data outlives it for some, when it is killed."""


@contextmanager
def working_folder(root: Path, key: str, patience: float = PATIENCE) -> Iterator[Path]:
    """The folder `<key>` under `root`, this process's alone while the body runs.

    Raises `OSError` that says who has it if it is not free within `patience` seconds. The lock dies with its process;
    its files in the folder go when the body ends.
    """
    folder = root / key
    folder.mkdir(parents=True, exist_ok=True)
    file, holder = folder / ".lock", folder / ".lock-holder.json"
    lock = FileLock(file)
    try:
        lock.acquire(timeout=patience)
    except Timeout:
        raise OSError(f"{folder}: another process is at work on this run{_known(holder)}") from None
    try:
        started = datetime.now(UTC).isoformat(timespec="seconds")
        holder.write_text(json.dumps({"pid": os.getpid(), "host": platform.node(), "started": started}))
        yield folder
    finally:
        holder.unlink(missing_ok=True)
        file.unlink(missing_ok=True)  # while it is held: whoever waits for it sees that it is gone, and makes a new one
        lock.release()


def _known(holder: Path) -> str:
    try:
        known = json.loads(holder.read_text())
        return f" (process {known['pid']} on {known['host']}, since {known['started']})"
    except (OSError, ValueError, KeyError):
        return ""
