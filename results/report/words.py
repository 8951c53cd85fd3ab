"""Values in words, as the pages have them."""

from __future__ import annotations

import json
from math import isfinite
from typing import Any


def number(value: float | None, digits: int = 5) -> str:
    """Significant digits only; a dash for None."""
    return "–" if value is None else f"{value:.{digits}g}"


def value_text(value: Any) -> str:
    """A parameter as JSON, text without its quotes: `0.01`, `true`, `null`, `[1, 2]`, `tiny-cam`; `""` for none."""
    if isinstance(value, str):
        return value or '""'
    if isinstance(value, float):
        return f"{value:.6g}" if isfinite(value) else str(value)
    return json.dumps(value, ensure_ascii=False)


def mean_and_rest(text: str) -> tuple[str, str]:
    """`65.1 ± 0.4 (3)` in two: what is read first, and the rest."""
    mean, sign, rest = text.partition(" ± ")
    if not sign:
        mean, sign, rest = text.partition(" (")
    return mean, f"{sign}{rest}"
