"""Power of the paired t-test: the smallest difference that a number of seeds can detect, and the number that one
needs.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from math import isfinite, nan, sqrt
from typing import TYPE_CHECKING

from .interval import check_level

if TYPE_CHECKING:
    import numpy as np

POWER = 0.8
"""Default power: the probability with which an existing difference is to be found."""

MOST_SEEDS = 10_000

QUANTILES = 4000


def paired_power(effect: float, spread: float, seeds: int, *, level: float = 0.05, comparisons: int = 1) -> float:
    """Returns the probability that a two-sided paired t-test finds a difference.

    effect: the true mean difference; spread: the standard deviation of the differences, over seeds; comparisons: tests
    that Holm's method adjusts for. The first of its steps is reckoned with, in which the level of a test is `level` /
    `comparisons`: where other differences are found first the power is higher. By the noncentral t distribution, which
    takes differences for normally distributed.

    Raises `ValueError` for fewer than two seeds, a spread that is not above 0, and no comparison.
    """
    _check(spread, seeds, level, comparisons)
    from scipy.special import ndtr

    shift = abs(effect) / spread * sqrt(seeds)
    bound = _critical(seeds, level, comparisons) * _spreads(seeds - 1)  # of t, times what it is divided by
    return float((ndtr(shift - bound) + ndtr(-shift - bound)).mean())


def detectable_effect(
    spread: float, seeds: int, *, level: float = 0.05, comparisons: int = 1, power: float = POWER
) -> float:
    """Returns the smallest true difference that `paired_power` finds with a probability of `power`, in the unit of
    `spread`.

    A spread that is itself estimated from few seeds is uncertain: from three it is off by a factor of 0.5 to 6.3, in
    95 % of all cases. Raises `ValueError` as `paired_power` does, and for a power that is not between 0 and 1.
    """
    _check(spread, seeds, level, comparisons)
    check_level(power)
    from scipy.optimize import brentq

    def lacking(shift: float) -> float:
        return paired_power(shift / sqrt(seeds), 1.0, seeds, level=level, comparisons=comparisons) - power

    high = 1.0
    while lacking(high) < 0:
        high *= 2
    return float(brentq(lacking, 0.0, high, xtol=1e-9)) * spread / sqrt(seeds)  # type: ignore[arg-type]


def seeds_needed(
    effect: float, spread: float, *, level: float = 0.05, comparisons: int = 1, power: float = POWER
) -> int | None:
    """Returns the smallest number of seeds with which `effect` is detectable; None above 10,000.

    Raises `ValueError` as `detectable_effect` does, and for an effect of 0.
    """
    if not isfinite(effect) or effect == 0:
        raise ValueError(f"an effect to be found is a finite number that is not 0, got {effect}")

    def enough(seeds: int) -> bool:
        return paired_power(effect, spread, seeds, level=level, comparisons=comparisons) >= power

    if not enough(MOST_SEEDS):
        return None
    low, high = 1, 2
    while not enough(high):
        low, high = high, min(2 * high, MOST_SEEDS)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


def pooled_spread(differences: Sequence[Sequence[float]] | np.ndarray) -> float | None:
    """Returns the standard deviation that several sets of paired differences have in common, each about its own mean.

    differences: of several lengths, or (sets, seeds) with NaN where there is none. None where no set has two
    differences, or there is no spread at all.
    """
    import numpy as np

    if not isinstance(differences, np.ndarray):
        longest = max(map(len, differences), default=0)
        differences = np.array([[*row, *[nan] * (longest - len(row))] for row in differences]).reshape(-1, longest)
    counts = (~np.isnan(differences)).sum(axis=1)
    several, freedom = differences[counts > 1], int(counts[counts > 1].sum()) - int((counts > 1).sum())
    if not freedom:
        return None
    squares = float(np.nansum((several - np.nanmean(several, axis=1, keepdims=True)) ** 2))
    return sqrt(squares / freedom) if squares > 0 else None


@cache
def _spreads(freedom: int) -> np.ndarray:
    """Returns quantiles, evenly spread, of a standard deviation that was estimated with so many degrees of freedom.

    The noncentral t is a normal variable divided by it, so that a mean over them is its distribution to four digits.
    (`scipy.special.nctdtr` is NaN for many of the arguments that are needed here.)
    """
    import numpy as np
    from scipy.special import gammaincinv

    even = (np.arange(QUANTILES) + 0.5) / QUANTILES
    return np.sqrt(gammaincinv(freedom / 2, even) * 2 / freedom)


def _critical(seeds: int, level: float, comparisons: int) -> float:
    from scipy.special import stdtrit

    return float(stdtrit(seeds - 1, 1 - level / comparisons / 2))


def _check(spread: float, seeds: int, level: float, comparisons: int) -> None:
    check_level(level)
    if not (isfinite(spread) and spread > 0):
        raise ValueError(f"a spread is a finite number above 0, got {spread}")
    if seeds < 2 or comparisons < 1:
        raise ValueError(f"a paired test needs two seeds and one comparison, got {seeds} and {comparisons}")
