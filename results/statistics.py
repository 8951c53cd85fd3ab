"""Means over seeds, and whether two methods differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite, sqrt
from statistics import fmean, stdev


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

    def text(self, decimals: int = 1) -> str:
        """`65.1 ± 0.4 (3)`: mean, std, n."""
        spread = "" if self.std is None else f" ± {self.std:.{decimals}f}"
        return f"{self.mean:.{decimals}f}{spread} ({self.n})"

    def __str__(self) -> str:
        return self.text()


def paired_t_test(values: Mapping[int, float], baseline: Mapping[int, float]) -> float | None:
    """Two-sided p-value of the paired t-test on the seeds that both have; None for fewer than two.

    Each argument: a metric by seed. Differences that are all alike have no spread to be judged by: p is 1 if they are
    zero, and 0 if not.
    """
    differences = [values[seed] - baseline[seed] for seed in sorted(values.keys() & baseline.keys())]
    if len(differences) < 2:
        return None
    mean, std = fmean(differences), stdev(differences)
    if std == 0:
        return 1.0 if mean == 0 else 0.0
    from scipy.special import stdtr  # Student's t; scipy.stats has the whole test, and takes seconds to import

    freedom = len(differences) - 1
    return float(2 * stdtr(freedom, -abs(mean) / (std / sqrt(len(differences)))))


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """p-values adjusted for their number by Holm's step-down method; None stays None and does not count.

    Source: Holm, "A simple sequentially rejective multiple test procedure" (1979).
    """
    adjusted: list[float | None] = [None] * len(p_values)
    ranked = sorted((p, place) for place, p in enumerate(p_values) if p is not None)
    highest = 0.0
    for rank, (p, place) in enumerate(ranked):
        highest = max(highest, min(1.0, (len(ranked) - rank) * p))
        adjusted[place] = highest
    return adjusted
