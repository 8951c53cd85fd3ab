"""Durations on the command line."""

from __future__ import annotations

import re

from provbench.registry.base import UserError

_SECONDS = {"s": 1, "m": 60, "min": 60, "": 60, "h": 3600, "d": 86400}


def seconds_of(text: str | None, option: str = "--time-limit") -> float | None:
    """Seconds of `90`, which are minutes, or `90s`, `30m`, `2h`, `1.5d`; None of None. `UserError` for others."""
    if text is None:
        return None
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(s|m|min|h|d|)", text.strip())
    if found is None or not float(found[1]):
        raise UserError(f"{option} {text}: write a time above zero, such as 90 (minutes), 90s, 30m, 2h or 1.5d")
    return float(found[1]) * _SECONDS[found[2]]
