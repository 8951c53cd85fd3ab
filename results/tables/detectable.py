"""The power of a table's tests: the smallest difference that its seeds can distinguish from noise."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

from ..statistics import detectable_effect, paired_differences, pooled_spread
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
        sets = [] if column.derived else _differences(table, number)
        spread = pooled_spread(sets)
        if spread is not None:
            seeds = min(map(len, sets))
            effect = detectable_effect(spread, seeds, level=LEVEL, comparisons=len(sets))
            found.append(Sight(column.title, column.unit, spread, seeds, len(sets), effect))
    return found


def _differences(table: Table, number: int) -> list[list[float]]:
    """The paired differences of each comparison of a column: with the baseline, or of all pairs in a group of rows."""
    values = {(i, j): cell.values for i, cells in enumerate(table.cells) for j, cell in enumerate(cells)}
    sets = [paired_differences(values[one], values[other]) for one, other in _pairs(table, number)]
    return [differences for differences in sets if len(differences) > 1]


def _pairs(table: Table, number: int) -> list[tuple[Address, Address]]:
    rows = range(len(table.rows))
    if table.baseline is not None:
        bases = {(row, number): baseline_place(table, row, number) for row in rows}
        return [(place, base) for place, base in bases.items() if base is not None]
    grouped = [(i, j) for i, j in combinations(rows, 2) if table.rows[i].group == table.rows[j].group]
    return [((i, number), (j, number)) for i, j in grouped] if table.is_ranked else []
