"""Values in words, as the pages have them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from math import isfinite
from typing import Any


def duration(seconds: float) -> str:
    """`41 s`, `2.5 min`, `1.3 h`; a dash where it is not known."""
    if not isfinite(seconds):
        return "–"
    for size, unit in ((3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.1f} s"


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


def flat(value: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """The leaves of nested values with their paths: `task.params.lr`. Of a list of plugins, their names are parts."""
    if isinstance(value, list) and value and all(isinstance(item, Mapping) for item in value):
        value = {str(item.get("name", place)): item for place, item in enumerate(value)}
    if not isinstance(value, Mapping) or not value:
        yield prefix, value
        return
    for name, inner in value.items():
        yield from flat(inner, f"{prefix}.{name}" if prefix else str(name))
