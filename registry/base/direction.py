"""Comparison of two values of a metric: the only code that interprets `higher_is_better`."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from math import isfinite
from typing import TypeVar

K = TypeVar("K", bound=Hashable)


def merit(value: float, higher_is_better: bool) -> float:
    """Returns the value with its sign turned where lower is better: of two values, the better one has more merit."""
    return value if higher_is_better else -value


def improves(difference: float, higher_is_better: bool) -> bool:
    """Returns whether a difference (new less old) is one for the better; a difference of 0 is not."""
    return merit(difference, higher_is_better) > 0


def best_key(values: Mapping[K, float], higher_is_better: bool) -> K | None:
    """Returns the key of the best finite value, the first of equals; None where no value is finite."""
    finite = {key: merit(value, higher_is_better) for key, value in values.items() if isfinite(value)}
    return max(finite, key=finite.__getitem__, default=None)  # max keeps the first of equals
