"""Effect size: the difference between two methods, judged seed by seed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import exp, lgamma, sqrt
from statistics import fmean, stdev

from .interval import Interval, t_interval
from .pairs import all_alike, paired_differences


@dataclass(frozen=True)
class PairedEffect:
    """A method less another, over n shared seeds.

    difference: the mean, in the metric's unit; interval: Student's. d_z: Cohen's, the mean difference in standard
    deviations of the differences; None if these are all equal. g_z: d_z without its bias towards large effects
    (Hedges); None as d_z, and for n=2, where no unbiased estimate exists.
    """

    difference: float
    interval: Interval
    d_z: float | None
    g_z: float | None
    n: int


def paired_effect(
    values: Mapping[int, float], baseline: Mapping[int, float], level: float = 0.95
) -> PairedEffect | None:
    """Effect sizes on the seeds that both have; None for fewer than two. Raises `ValueError` for NaN or infinity.

    Sources: Cohen, "Statistical Power Analysis for the Behavioral Sciences" (1988), 2.3.5; Hedges, "Distribution
    theory for Glass's estimator of effect size" (1981), equation 6e.
    """
    differences = paired_differences(values, baseline)
    n = len(differences)
    if n < 2:
        return None
    mean, std = fmean(differences), stdev(differences)
    d_z = None if all_alike(differences) else mean / std
    g_z = None if d_z is None or n == 2 else d_z * hedges_correction(n - 1)
    return PairedEffect(mean, t_interval(mean, std / sqrt(n), n - 1, level), d_z, g_z, n)


def hedges_correction(freedom: int) -> float:
    """J(freedom) < 1: what to multiply a standardised mean difference by, so that it is unbiased. From 2 on."""
    return exp(lgamma(freedom / 2) - lgamma((freedom - 1) / 2)) * sqrt(2 / freedom)
