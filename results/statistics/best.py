"""The choice of bold cells in a column: the best mean, and every one that does not differ significantly from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import isclose, isfinite
from statistics import fmean

from provbench.registry.base import merit

from .interval import check_level
from .multiple import holm
from .paired import paired_t_tests

Values = Mapping[int, float]
"""A metric by seed."""


@dataclass(frozen=True)
class Best:
    """Places in a column.

    best: those with the best mean. bold: these, and all that do not differ significantly from them. untested: those
    that share fewer than two seeds with the best, so that no test is possible; they are not bold.
    """

    best: frozenset[int]
    bold: frozenset[int]
    untested: frozenset[int]


def best_of(column: Sequence[Values], *, higher_is_better: bool = True, alpha: float = 0.05) -> Best:
    """The best of a column's cells, and its equals.

    column: each cell's metric by seed; empty where there is none. A cell equals the best if the paired t-test on the
    seeds that both have does not tell them apart at `alpha`, adjusted by Holm's method over all pairs of the column.
    All pairs, and not those with the best alone: which one is the best was chosen by the same data. (Of five
    methods that are all equal, some would not be bold in up to 8 % of all columns, not 5 %; of eight, in up to 11 %.)

    Where fewer than two cells have results nothing is compared, and nothing is best. Means that are one but for
    rounding are best together. Raises `ValueError` for NaN or infinity.
    """
    check_level(alpha)
    for cell in column:
        if not all(map(isfinite, cell.values())):
            raise ValueError(f"a column needs finite values, got {dict(cell)}")
    means = {place: fmean(values.values()) for place, values in enumerate(column) if values}
    p_values = _all_pairs(column, sorted(means))
    if len(means) < 2:
        return Best(frozenset(), frozenset(), frozenset())
    top = max(means.values(), key=lambda mean: merit(mean, higher_is_better))
    best = frozenset(place for place, mean in means.items() if isclose(mean, top, rel_tol=1e-12))
    against = {place: [p_values[min(place, b), max(place, b)] for b in best] for place in means.keys() - best}
    known = {place: [p for p in found if p is not None] for place, found in against.items()}
    equals = {place for place, found in known.items() if any(p > alpha for p in found)}
    return Best(best, best | equals, frozenset(place for place, found in known.items() if not found))


def _all_pairs(column: Sequence[Values], places: Sequence[int]) -> dict[tuple[int, int], float | None]:
    """p-values by pair of places, the smaller first, adjusted for their number."""
    pairs = list(combinations(places, 2))
    return dict(zip(pairs, holm(paired_t_tests([column[place] for place in places])), strict=True))
