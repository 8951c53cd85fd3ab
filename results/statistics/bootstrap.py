"""Bootstrap intervals of a mean over seeds."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from typing import TYPE_CHECKING, Literal

from .interval import Interval, check_level

if TYPE_CHECKING:
    import numpy as np

RESAMPLES = 10_000


def bootstrap_interval(
    values: Sequence[float],
    rng: np.random.Generator,
    *,
    level: float = 0.95,
    method: Literal["percentile", "BCa"] = "BCa",
    resamples: int = RESAMPLES,
) -> Interval | None:
    """Interval of the mean over all seeds, from resampling the seeds that there are; None for fewer than two.

    It needs no normal distribution, but many seeds. A bootstrap knows no value beyond the smallest and the largest:
    with three seeds its 95 % percentile interval runs from the one to the other, and holds the true mean three times
    in four. Below ten seeds or so, `Summary.interval` is the honest one.

    Sources: Efron, "Bootstrap methods: another look at the jackknife" (1979); "Better bootstrap confidence intervals"
    (1987) for BCa, which corrects bias and skewness. Raises `ValueError` for NaN or infinity.
    """
    check_level(level)
    if not all(map(isfinite, values)):
        raise ValueError(f"a bootstrap needs finite values, got {list(values)}")
    if len(values) < 2:
        return None
    if min(values) == max(values):  # BCa divides by the spread
        return Interval(values[0], values[0], level)
    from numpy import mean
    from scipy.stats import bootstrap

    found = bootstrap(
        (values,), mean, confidence_level=level, method=method, n_resamples=resamples, batch=1000, rng=rng
    ).confidence_interval
    return Interval(float(found.low), float(found.high), level)
