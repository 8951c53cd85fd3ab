"""Who holds a lock, written beside it for whoever finds it taken."""

from __future__ import annotations

import json
import os
import platform
from datetime import UTC, datetime
from pathlib import Path


def write_holder(file: Path) -> None:
    """Write down that this process is the holder."""
    started = datetime.now(UTC).isoformat(timespec="seconds")
    file.write_text(json.dumps({"pid": os.getpid(), "host": platform.node(), "started": started}))


def describe_holder(file: Path) -> str:
    """` (process 17 on host, since …)`; nothing where that is not known."""
    try:
        known = json.loads(file.read_text())
        return f" (process {known['pid']} on {known['host']}, since {known['started']})"
    except (OSError, ValueError, KeyError):
        return ""
