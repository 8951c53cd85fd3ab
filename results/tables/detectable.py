"""The power of a table's tests: the smallest difference that its seeds can distinguish from noise."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from ..statistics import by_seed, detectable_effect, difference_rows, pooled_spread
from .model import LEVEL, Table
from .opponents import Address, baseline_place


@dataclass(frozen=True)
class Sight:
    """Power of a column's tests: the standard deviation of its paired differences, over how many seeds and comparisons,
    and the smallest difference that is found with power 0.8; in the column's unit.
    """

    column: str
    unit: str
    spread: float
    seeds: int
    comparisons: int
    effect: float


def sights(table: Table) -> list[Sight]:
    """Returns one for each column of scores in which something was tested and the differences have a spread.

    The spread is that which the column's comparisons have in common; the seeds are those of the comparison with the
    fewest.
    """
    found = []
    for number, column in enumerate(table.columns):
        differences = np.empty((0, 0)) if column.derived else _differences(table, number)
        counts = (~np.isnan(differences)).sum(axis=1)
        spread = pooled_spread(differences[counts > 1])
        if spread is not None:
            seeds, comparisons = int(counts[counts > 1].min()), int((counts > 1).sum())
            effect = detectable_effect(spread, seeds, level=LEVEL, comparisons=comparisons)
            found.append(Sight(column.title, column.unit, spread, seeds, comparisons, effect))
    return found


def _differences(table: Table, number: int) -> np.ndarray:
    """(comparisons, seeds): the paired differences of each comparison of a column, NaN where there is none: with the
    baseline, or of all pairs in a group of rows.
    """
    pairs = _pairs(table, number)
    used = {place: row for row, place in enumerate(dict.fromkeys(place for pair in pairs for place in pair))}
    scores = by_seed([table.cells[i][j].values for i, j in used])
    one, other = np.array([[used[place] for place in pair] for pair in pairs], dtype=int).reshape(-1, 2).T
    return difference_rows(scores[one], scores[other])


def _pairs(table: Table, number: int) -> list[tuple[Address, Address]]:
    rows = range(len(table.rows))
    if table.baseline is not None:
        bases = {(row, number): baseline_place(table, row, number) for row in rows}
        return [(place, base) for place, base in bases.items() if base is not None]
    grouped = [(i, j) for i, j in combinations(rows, 2) if table.rows[i].group == table.rows[j].group]
    return [((i, number), (j, number)) for i, j in grouped] if table.is_ranked else []
