"""Differences of two methods, seed by seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isclose, isfinite


def paired_differences(values: Mapping[int, float], baseline: Mapping[int, float]) -> list[float]:
    """`values` less `baseline` on the seeds that both have, in the order of the seeds.

    Scores that are one but for rounding (a relative 1e-12) differ by 0. Raises `ValueError` for NaN or infinity.
    """
    pairs = {seed: (values[seed], baseline[seed]) for seed in sorted(values.keys() & baseline.keys())}
    for seed, pair in pairs.items():
        if not all(map(isfinite, pair)):
            raise ValueError(f"seed {seed}: scores must be finite, got {pair[0]} and {pair[1]}")
    return [0.0 if isclose(ours, theirs, rel_tol=1e-12) else ours - theirs for ours, theirs in pairs.values()]


def all_alike(differences: Sequence[float]) -> bool:
    """Returns whether the differences are equal up to rounding, which leaves no spread to judge them by."""
    return isclose(min(differences), max(differences), rel_tol=1e-9)


def rounded(value: float) -> float:
    """Rounds to ten significant digits, so that values that differ by rounding alone are ties: 71.6 - 71.5 and 61.6 -
    61.5.
    """
    return float(f"{value:.9e}")
