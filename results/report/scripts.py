"""Data for scripts. A page that is a file cannot fetch one, so data are scripts that hand over a JSON text."""

from __future__ import annotations

import json
from math import isfinite
from typing import Any

_UNSAFE = {ord(character): f"\\u{ord(character):04x}" for character in "<>&'"}


def safe_json(value: Any) -> str:
    """JSON in ASCII that neither ends a script element nor breaks a line; NaN and infinity are null."""
    try:
        text = json.dumps(value, separators=(",", ":"), allow_nan=False)
    except ValueError:  # which is seldom, and to look takes longer than to write
        text = json.dumps(_finite(value), separators=(",", ":"), allow_nan=False)
    return text.translate(_UNSAFE)


def call(function: str, value: Any) -> str:
    """A script that calls a function with the value.

    The value is parsed from a text: in a script, an object's `__proto__` would not be a name like any other.
    """
    text = json.dumps(safe_json(value)).translate(_UNSAFE)
    return f"{function}(JSON.parse({text}));\n"


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if isfinite(value) else None
    if isinstance(value, dict):
        return {name: _finite(inner) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(inner) for inner in value]
    return value
