"""Quantities in words."""

from __future__ import annotations

from math import isfinite


def duration(seconds: float) -> str:
    """Returns `4.1 s`, `41 s`, `2.5 min`, `1.3 h`; a dash where it is not known."""
    if not isfinite(seconds):
        return "–"
    for size, unit in ((3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.1f} s"
