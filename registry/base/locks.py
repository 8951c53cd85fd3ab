"""Locks that let one process at a time into a folder; a file next to the lock names its holder."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from .escape import one_line

LOCK = ".lock"
HOLDER = ".lock-holder.json"
"""Files in a folder that is held."""

MAX_BYTES = 4096
"""Largest size of a file that describes a holder; a longer one was written by something else."""
MAX_CHARACTERS = 100
"""Number of characters shown of each part."""


class TakenError(OSError):
    """Another process holds the folder. The message describes it, and is empty where it is not known."""


@contextmanager
def held(folder: Path, patience: float = 0, *, announce: bool = True, clean: bool = False) -> Iterator[None]:
    """Holds an existing folder while the body runs. The lock dies with its process.

    patience: seconds to wait for another holder; after them, `TakenError` is raised. announce: write down who holds the
    folder; without that, a folder on a full disk can be held, too. clean: remove the lock's file at the end.
    """
    file, holder = folder / LOCK, folder / HOLDER
    lock = FileLock(file)
    try:
        lock.acquire(timeout=patience)
    except Timeout:
        raise TakenError(describe_holder(holder)) from None
    try:
        if announce:
            write_holder(holder)
        yield
    finally:
        holder.unlink(missing_ok=True)
        if clean:
            file.unlink(missing_ok=True)  # while it is held: whoever waits sees that it is gone, and makes a new one
        lock.release()


def is_held(folder: Path) -> bool:
    """Returns whether a process holds the folder. Makes nothing that was not there."""
    return is_locked(folder / LOCK)


def is_locked(file: Path) -> bool:
    """Returns whether a process holds a lock file. Makes nothing that was not there."""
    if not file.exists():
        return False
    try:
        with FileLock(file, timeout=0):
            return False
    except (Timeout, OSError):  # what cannot be asked may be held
        return True


def remove_lock(file: Path) -> None:
    """Removes a lock file that nobody holds. Whoever waits for it sees that it is gone, and makes a new one."""
    with suppress(Timeout, FileNotFoundError), FileLock(file, timeout=0):
        file.unlink()


def write_holder(file: Path) -> None:
    """Write down that this process is the holder, in a new file: a link that is there is replaced, not followed."""
    started = datetime.now(UTC).isoformat(timespec="seconds")
    content = json.dumps({"pid": os.getpid(), "host": platform.node(), "started": started})
    file.unlink(missing_ok=True)
    with file.open("x", encoding="utf-8") as new:
        new.write(content)


def describe_holder(file: Path) -> str:
    """` (process 17 on host, since …)`; nothing where the file is not there, or is not what `write_holder` writes."""
    with suppress(OSError, ValueError, RecursionError):
        known = json.loads(_read(file))
        if isinstance(known, dict):
            parts = [known.get(name) for name in ("pid", "host", "started")]
            if isinstance(parts[0], int) and all(isinstance(part, str) for part in parts[1:]):
                pid, host, started = (one_line(str(part))[:MAX_CHARACTERS] for part in parts)
                return f" (process {pid} on {host}, since {started})"
    return ""


def _read(file: Path) -> bytes:
    """The content of a regular file; a link is not followed, and a pipe is not waited for."""
    handle = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(handle, "rb") as content:
        return content.read(MAX_BYTES)
