"""Do two methods differ, judged seed by seed? Three tests, of which the t-test is the tables' own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import sqrt
from statistics import fmean, stdev
from typing import TYPE_CHECKING

from .pairs import all_alike, by_seed, difference_rows, paired_differences, rounded

if TYPE_CHECKING:
    import numpy as np

LARGEST_EXACT = 20
"""Pairs whose sign flips are enumerated: a million sums."""


def paired_t_test(values: Mapping[int, float], baseline: Mapping[int, float]) -> float | None:
    """Two-sided p-value of the paired t-test on the seeds that both have; None for fewer than two.

    Each argument: a metric by seed. Differences that are all equal have no spread to judge them by, and p is that of
    `permutation_test`: 1 if they are zero, else 2^(1 - n). (An infinite t, and a p of 0, would be wrong: on a test set
    of a hundred images, the differences of two seeds are equal by mere chance in some 4 % of all cases.) Raises
    `ValueError` for NaN or infinity.
    """
    differences = paired_differences(values, baseline)
    if len(differences) < 2:
        return None
    freedom = len(differences) - 1
    if all_alike(differences):
        return 0.5**freedom if any(differences) else 1.0
    from scipy.special import stdtr  # Student's t; scipy.stats has the whole test, and takes seconds to import

    t = fmean(differences) / (stdev(differences) / sqrt(len(differences)))
    return float(2 * stdtr(freedom, -abs(t)))


def paired_t_tests(column: Sequence[Mapping[int, float]]) -> list[float | None]:
    """p-values of `paired_t_test`, up to rounding, for each pair of cells, in the order of `combinations`."""

    scores = by_seed(column)
    found = [_p_values(difference_rows(scores[place + 1 :], scores[place])) for place in range(len(column) - 1)]
    return [None if p != p else p for row in found for p in row.tolist()]


def _p_values(differences: np.ndarray) -> np.ndarray:
    """(rows,): the p-value of each row of differences (rows, seeds), of which NaN is none; NaN for fewer than two."""
    import numpy as np
    from scipy.special import stdtr

    counts = (~np.isnan(differences)).sum(axis=1)
    p_values, tested = np.full(len(counts), np.nan), counts > 1
    if tested.any():
        rows, freedom = differences[tested], counts[tested] - 1.0
        low, high = np.nanmin(rows, axis=1), np.nanmax(rows, axis=1)
        alike = np.abs(high - low) <= 1e-9 * np.maximum(np.abs(high), np.abs(low))
        spread = np.where(alike, 1.0, np.nanstd(rows, axis=1, ddof=1))
        p = 2 * stdtr(freedom, -np.abs(np.nanmean(rows, axis=1) / (spread / np.sqrt(freedom + 1))))
        p_values[tested] = np.where(alike, np.where((low != 0) | (high != 0), 0.5**freedom, 1.0), np.minimum(p, 1.0))
    return p_values


def permutation_test(values: Mapping[int, float], baseline: Mapping[int, float]) -> float | None:
    """Two-sided p-value of the exact paired permutation test on shared seeds; None for fewer than two.

    If the methods are equal, each difference might as well have the other sign: p is the share of the 2^n ways to
    choose the signs that give a sum as far from zero as the one found (Fisher, "The Design of Experiments", 1935).
    It assumes no distribution. n seeds can give no smaller p than 2^(1 - n): 0.25 for three, and six are needed
    to come below 0.05. Raises `ValueError` for more than 20 shared seeds, and for NaN or infinity.
    """
    differences = paired_differences(values, baseline)
    if len(differences) < 2:
        return None
    if len(differences) > LARGEST_EXACT:
        raise ValueError(f"the exact test takes up to {LARGEST_EXACT} seeds, got {len(differences)}")
    import numpy as np

    sums = np.zeros(1)
    for difference in differences:
        sums = np.concatenate([sums + difference, sums - difference])
    rounding = 1e-12 * sum(map(abs, differences))
    return float(np.mean(np.abs(sums) >= abs(sum(differences)) - rounding))


def wilcoxon_test(values: Mapping[int, float], baseline: Mapping[int, float]) -> float | None:
    """Two-sided p-value of Wilcoxon's signed-rank test on shared seeds; None for fewer than two.

    Zero differences are left out, and p is 1 where all are. Exact for up to 50 seeds without ties and 13 with them,
    else by the normal approximation (`scipy.stats.wilcoxon`). Its smallest p is that of `permutation_test`. Raises
    `ValueError` for NaN or infinity.
    """
    differences = [rounded(difference) for difference in paired_differences(values, baseline)]
    if len(differences) < 2:
        return None
    if not any(differences):
        return 1.0
    from scipy.stats import wilcoxon

    return float(wilcoxon(differences)[1])  # type: ignore[arg-type]
