"""An interval of confidence, and Student's for a mean."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Interval:
    """A confidence interval. level: its confidence, between 0 and 1."""

    low: float
    high: float
    level: float = 0.95

    def text(self, decimals: int = 1) -> str:
        """`[64.2, 66.0]`."""
        return f"[{self.low:.{decimals}f}, {self.high:.{decimals}f}]"

    def __str__(self) -> str:
        return self.text()

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high


def check_level(level: float) -> None:
    """Raises `ValueError` for a level (of confidence, or of significance) that is not between 0 and 1."""
    if not 0 < level < 1:
        raise ValueError(f"a level must lie between 0 and 1, got {level!r}")


def t_interval(mean: float, standard_error: float, freedom: int, level: float = 0.95) -> Interval:
    """Student's interval of a mean of `freedom` + 1 independent, normally distributed values."""
    check_level(level)
    from scipy.special import stdtrit  # scipy.stats has Student's t, too, and takes seconds to import

    half = float(stdtrit(freedom, (1 + level) / 2)) * standard_error
    return Interval(mean - half, mean + half, level)
