"""The deviation of our mean from a published number."""

from __future__ import annotations

from dataclasses import dataclass
from math import hypot, isfinite, sqrt
from typing import Literal

from .summary import Summary

SpreadKind = Literal["std", "population-std", "standard-error", "interval95", "range", "rounding"]
"""Meaning of a published ±. `std`: of the sample, ddof=1; `population-std`: ddof=0, numpy's default. `interval95` and
`range`: half their width. `rounding`: the largest error from rounding the numbers that a value was computed from.
"""


@dataclass(frozen=True)
class Deviation:
    """Ours less the published value.

    points: in the metric's unit. standard_errors: in combined standard errors; None where one of the two is unknown,
    or both are zero. With few seeds a standard error is itself uncertain: two of them are no 95 %.
    """

    points: float
    standard_errors: float | None = None

    def text(self, decimals: int = 1) -> str:
        """`+0.8 (1.5 SE)`; without the brackets where standard errors are unknown."""
        errors = "" if self.standard_errors is None else f" ({abs(self.standard_errors):.1f} SE)"
        return f"{self.points:+.{decimals}f}{errors}"

    def __str__(self) -> str:
        return self.text()


def deviation(
    ours: Summary,
    value: float,
    spread: float | None = None,
    n: int | None = None,
    kind: SpreadKind | None = None,
) -> Deviation:
    """Our summary less a published value, in the same unit.

    spread: what the publication prints behind the ±; n: over how many runs; kind: what it says that the spread is, and
    None where it says nothing: a spread of unknown kind is never taken for one. Raises `ValueError` for a value or
    spread that is not finite, or a negative spread.
    """
    if not isfinite(value) or (spread is not None and not 0 <= spread < float("inf")):
        raise ValueError(f"a published number must be finite, and its spread not negative, got {value} ± {spread}")
    points = ours.mean - value
    theirs = published_standard_error(spread, n, kind)
    if theirs is None or ours.standard_error is None:
        return Deviation(points)
    combined = hypot(theirs, ours.standard_error)
    return Deviation(points, points / combined if combined > 0 else None)


def published_standard_error(spread: float | None, n: int | None, kind: SpreadKind | None) -> float | None:
    """The standard error of a published mean; None where the publication does not say enough to know it."""
    if spread is None or kind is None:
        return None
    if kind == "standard-error":
        return spread
    if kind not in ("std", "population-std") or n is None or n < 2:
        return None
    return spread / sqrt(n if kind == "std" else n - 1)
