"""Settings of the C library's heap: what of the freed memory a process keeps."""

from __future__ import annotations

import ctypes
from contextlib import suppress

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
"""Numbers of parameters of glibc's `mallopt`."""

KEPT = 512 << 20
"""Bytes of freed memory that a process keeps for its next allocations."""
LARGEST = 32 << 20
"""Bytes from which an allocation gets pages of its own, which go back when it is freed: the most that glibc allows."""


def keep_freed_memory() -> None:
    """Has the heap keep what is freed, up to `KEPT`, as a training allocates the same tensors again at each step.

    By default glibc returns most of it to the kernel, which clears every page before it gives it out again. No other C
    library is touched.
    """
    with suppress(OSError, AttributeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_MMAP_THRESHOLD, LARGEST)
        mallopt(_TRIM_THRESHOLD, KEPT)


def return_freed_memory() -> None:
    """Gives back to the kernel what the heap has kept, where the C library is glibc."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
