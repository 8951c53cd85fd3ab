"""Checks whether a suite's rankings could change with more training, and how many seeds an effect would take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from math import isnan
from typing import Any

from provbench.registry.base import UserError
from provbench.results.statistics import seeds_needed
from provbench.results.tables import COSTS, Doubt, Table, baseline_place, doubts, sights


def doubts_of(tables: Mapping[str, Table]) -> dict[str, list[Doubt]]:
    """Returns what more training could change, and what cannot be decided, by the name of the table; all tables that
    have runs are there. Raises `UserError` where none has any.
    """
    ran = {name: table for name, table in tables.items() if any(place.entry.seeds for place in table.places())}
    if not ran:
        raise UserError("this suite runs nothing, so there is no training to check")
    return {name: list(doubts(table)) for name, table in ran.items()}


def doubt_words(doubt: Doubt) -> str:
    """Returns a doubt as a sentence."""
    if not doubt.higher:
        return f"{doubt.column}: {doubt.lower}: {doubt.why}"
    return (
        f"{doubt.column}: {doubt.lower} is {doubt.gap:.1f} below {doubt.higher}, was still improving, and could gain "
        f"up to {doubt.potential:.1f} by training as long again"
    )


def doubt_fields(doubt: Doubt) -> dict[str, Any]:
    """Returns a doubt for JSON, without the numbers that it does not have."""
    return {
        name: value
        for name, value in asdict(doubt).items()
        if value != "" and not (isinstance(value, float) and isnan(value))
    }


@dataclass(frozen=True)
class SeedsFor:
    """Number of seeds that a column of a table needs to find an effect with power 0.8; None above 10,000."""

    table: str
    column: str
    spread: float
    comparisons: int
    seeds: int | None


def seeds_for(tables: Mapping[str, Table], effect: float, spread: float | None = None) -> list[SeedsFor]:
    """Returns the seeds that each column needs, from the spread of its paired differences or from a given one.

    effect, spread: in the column's unit, above 0. Without a spread only columns with two shared seeds or more are
    there. Raises `UserError` for other values, and where no column has a spread.
    """
    for name, value in (("effect", effect), ("spread", spread)):
        if value is not None and not 0 < value < float("inf"):
            raise UserError(f"--{name}: must be a finite number above 0 (got {value:g})")
    found = [
        SeedsFor(name, column, of, tests, seeds_needed(effect, of, comparisons=tests))
        for name, table in tables.items()
        for column, of, tests in _designs(table, spread)
    ]
    if not found:
        raise UserError(
            "--effect: no two methods have two finished seeds in common, so the spread of their differences is not "
            "known: run the suite with two seeds or more, or give --spread"
        )
    return found


def _designs(table: Table, spread: float | None) -> Sequence[tuple[str, float, int]]:
    """Column, spread and number of comparisons of each test that the table makes, or would make."""
    if spread is None:
        return [(sight.column, sight.spread, sight.comparisons) for sight in sights(table)]
    scores = [(j, one) for j, one in enumerate(table.columns) if not one.derived and one.metric not in COSTS]
    return [(column.title, spread, tests) for j, column in scores if (tests := _comparisons(table, j))]


def _comparisons(table: Table, j: int) -> int:
    """Returns how many tests a column has once all its runs are there."""
    ours = [i for i, row in enumerate(table.rows) if row.is_ours]
    if table.baseline is not None:
        return sum(baseline_place(table, i, j) is not None for i in ours)
    return len(ours) * (len(ours) - 1) // 2 if table.is_ranked else 0
