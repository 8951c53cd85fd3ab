"""Peak memory of a stretch of work."""

from __future__ import annotations

from pathlib import Path

from provbench.registry.base import torch


class PeakMemory:
    """Counts from its construction: the GPU's allocations where there is one, else the process's resident memory."""

    def __init__(self) -> None:
        if torch.cuda.is_available():
            torch.cuda.reset_peak_memory_stats()
            return
        try:
            Path("/proc/self/clear_refs").write_text("5")  # resets VmHWM, the high-water mark
        except OSError:
            return

    def megabytes(self) -> float:
        if torch.cuda.is_available():
            return round(torch.cuda.max_memory_allocated() / 2**20, 1)
        try:
            status = Path("/proc/self/status").read_text()
        except OSError:
            return 0.0
        kilobytes = next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")), 0)
        return round(kilobytes / 1024, 1)
