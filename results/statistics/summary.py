"""A metric over seeds: mean, spread, number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite, sqrt
from statistics import fmean, stdev

from .interval import Interval, t_interval


@dataclass(frozen=True)
class Summary:
    """A metric over seeds. std: of the sample (ddof=1); None for n=1, where there is none."""

    mean: float
    std: float | None
    n: int

    @classmethod
    def of(cls, values: Sequence[float]) -> Summary:
        """Raises `ValueError` for no values, and for NaN or infinity."""
        if not values or not all(map(isfinite, values)):
            raise ValueError(f"a summary needs one finite value or more, got {list(values)}")
        return cls(fmean(values), stdev(values) if len(values) > 1 else None, len(values))

    @property
    def standard_error(self) -> float | None:
        """Standard error of the mean, std / √n; None for n=1."""
        return None if self.std is None else self.std / sqrt(self.n)

    def interval(self, level: float = 0.95) -> Interval | None:
        """Student's interval of the mean over all seeds; None for n=1.

        It takes the seeds for independent and their scores for normally distributed. With three seeds it is 2.5
        standard deviations to either side: that is what three seeds tell.
        """
        if self.standard_error is None:
            return None
        return t_interval(self.mean, self.standard_error, self.n - 1, level)

    def text(self, decimals: int = 1) -> str:
        """`65.1 ± 0.4 (3)`: mean, std, n."""
        spread = "" if self.std is None else f" ± {self.std:.{decimals}f}"
        return f"{self.mean:.{decimals}f}{spread} ({self.n})"

    def __str__(self) -> str:
        return self.text()
