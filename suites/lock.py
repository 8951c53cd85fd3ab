"""One driver for an output folder."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from ..registry import UserError


@contextmanager
def output_lock(out: Path) -> Iterator[None]:
    """Hold the folder while the body runs, or raise `UserError` that says who does. The lock dies with its process."""
    out.mkdir(parents=True, exist_ok=True)
    lock, holder = FileLock(out / ".lock"), out / ".lock-holder.json"
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise UserError(
            f"{out}: another driver is at work here{_describe(holder)}; wait, or use another --out"
        ) from None
    try:
        started = datetime.now(UTC).isoformat(timespec="seconds")
        holder.write_text(json.dumps({"pid": os.getpid(), "host": platform.node(), "started": started}))
        yield
    finally:
        holder.unlink(missing_ok=True)
        lock.release()


def _describe(holder: Path) -> str:
    try:
        known = json.loads(holder.read_text())
        return f" (process {known['pid']} on {known['host']}, since {known['started']})"
    except (OSError, ValueError, KeyError):
        return ""
