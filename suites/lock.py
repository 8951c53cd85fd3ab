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
from ..results.atomic import make_folder, write_errors


@contextmanager
def output_lock(out: Path, announce: bool = True) -> Iterator[None]:
    """Hold the folder while the body runs, or raise `UserError` that says who does. The lock dies with its process.

    announce: write down who holds it; without that, a folder on a full disk can be held, too.
    """
    holder = out / ".lock-holder.json"
    try:
        with write_errors(out):
            make_folder(out)
            lock = FileLock(out / ".lock")
            lock.acquire(timeout=0)
    except Timeout:
        raise UserError(
            f"{out}: another driver is at work here{_describe(holder)}; wait, or use another --out"
        ) from None
    try:
        if announce:
            started = datetime.now(UTC).isoformat(timespec="seconds")
            with write_errors(holder):
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
