"""The machine on which a run is timed."""

from __future__ import annotations

import functools
import os
import platform
from pathlib import Path

from provbench.registry.base import torch


def machine(threads: int) -> dict[str, str]:
    """Returns what decides how fast a run is: processor, usable cores, GPU ("" for none), and torch's threads."""
    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else ""
    return {"cpu": processor(), "cores": str(usable_cores()), "gpu": gpu, "threads": str(threads)}


@functools.cache
def processor() -> str:
    """Returns the processor's model, as Linux tells it, else what Python knows of it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, "") or platform.processor() or platform.machine()


def usable_cores() -> int:
    """Returns the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
