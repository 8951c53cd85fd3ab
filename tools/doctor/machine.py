"""Examines processor, memory and clock."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from provbench.suites.running import usable_cores

from .finding import Finding

LITTLE_MEMORY = 4 * 2**30
SHARED_MEMORY = 2**30
SKEW = 2.0
"""Seconds between the clocks of this machine and of a file server that matter."""


def resources() -> Iterator[Finding]:
    """Yields cores and memory, and the shared memory through which workers hand over batches."""
    yield Finding("cores", "ok", f"{usable_cores()} usable of {os.cpu_count()}")
    memory = psutil.virtual_memory()
    little = memory.available < LITTLE_MEMORY
    found = f"{memory.available / 2**30:.1f} of {memory.total / 2**30:.1f} GiB available"
    remedy = "a run of the mini suite takes about 1 GiB: run with --jobs 1" if little else ""
    yield Finding("memory", "note" if little else "ok", found, remedy)
    shared = Path("/dev/shm")
    if shared.is_dir():
        size = psutil.disk_usage(str(shared)).total
        small = size < SHARED_MEMORY
        remedy = "use --workers 0, or start the container with --shm-size" if small else ""
        yield Finding("shared memory", "note" if small else "ok", f"{size / 2**30:.1f} GiB in /dev/shm", remedy)


def clock(out: Path) -> Iterator[Finding]:
    """Yields whether the clock of the output folder's file system is that of this machine."""
    folder = next(path for path in (out, *out.absolute().parents) if path.is_dir())
    try:
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".provbench-clock-") as file:
            before = time.time()
            file.write(b"now")
            file.flush()
            skew = Path(file.name).stat().st_mtime - before
    except OSError as error:
        yield Finding("clock", "note", f"{folder}: cannot be written to: {error.strerror}", "choose another --out")
        return
    off = abs(skew) > SKEW
    remedy = "set both clocks by NTP" if off else ""
    now = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime())
    yield Finding("clock", "note" if off else "ok", f"{now}; the files' differs by {skew:+.1f} s", remedy)
