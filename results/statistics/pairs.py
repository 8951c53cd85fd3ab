"""Differences of two methods, seed by seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isclose, isfinite
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


def paired_differences(values: Mapping[int, float], baseline: Mapping[int, float]) -> list[float]:
    """`values` less `baseline` on the seeds that both have, in the order of the seeds.

    Scores that are one but for rounding (a relative 1e-12) differ by 0. Raises `ValueError` for NaN or infinity.
    """
    pairs = {seed: (values[seed], baseline[seed]) for seed in sorted(values.keys() & baseline.keys())}
    for seed, pair in pairs.items():
        if not all(map(isfinite, pair)):
            raise ValueError(f"seed {seed}: scores must be finite, got {pair[0]} and {pair[1]}")
    return [0.0 if isclose(ours, theirs, rel_tol=1e-12) else ours - theirs for ours, theirs in pairs.values()]


def by_seed(column: Sequence[Mapping[int, float]]) -> np.ndarray:
    """(cells, seeds): the values of a column's cells, NaN where a cell lacks a seed that another one has."""
    import numpy as np

    seeds = {seed: place for place, seed in enumerate(sorted({seed for cell in column for seed in cell}))}
    scores = np.full((len(column), len(seeds)), np.nan)
    for row, cell in zip(scores, column, strict=True):
        row[[seeds[seed] for seed in cell]] = list(cell.values())
    return scores


def difference_rows(scores: np.ndarray, baseline: np.ndarray) -> np.ndarray:
    """(cells, seeds): rows of scores less a baseline, as `paired_differences` takes them; NaN where one is missing."""
    import numpy as np

    near = np.abs(scores - baseline) <= 1e-12 * np.maximum(np.abs(scores), np.abs(baseline))
    return np.where(near, 0.0, scores - baseline)


def all_alike(differences: Sequence[float]) -> bool:
    """Returns whether the differences are equal up to rounding, which leaves no spread to judge them by."""
    return isclose(min(differences), max(differences), rel_tol=1e-9)


def rounded(value: float) -> float:
    """Rounds to ten significant digits, so that values that differ by rounding alone are ties: 71.6 - 71.5 and 61.6 -
    61.5.
    """
    return float(f"{value:.9e}")
