"""Who holds a lock, written beside it for whoever finds it taken."""

from __future__ import annotations

import json
import os
import platform
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from .escape import one_line

MAX_BYTES = 4096
"""Of a file that describes a holder; what is longer was written by something else."""
MAX_CHARACTERS = 100
"""Of each part that is shown."""


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
