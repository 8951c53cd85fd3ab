"""Mean ranks over several tasks, and Friedman's test that all rows have equal ranks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING, Any, ClassVar

from ...statistics import TaskScores, friedman_test, rank_methods
from .statistic import Context, Statistic

if TYPE_CHECKING:
    from ..model import Column, Table


@dataclass(frozen=True)
class Rank:
    """A row's mean rank over tasks, and the p-value of the test that all rows have equal ranks."""

    mean: float
    p_value: float | None


class Friedman(Statistic):
    """The mean rank over the tasks of a column `mean_of` others (1 is the best), with Friedman's test in the notes.

    Rows without a value in one of those columns are not ranked.
    """

    title: ClassVar[str] = "rank"

    def compute(self, context: Context) -> Rank | None:
        return self.of_column([context])[0]

    def of_column(self, contexts: Sequence[Context]) -> list[Rank | None]:
        if not contexts:
            return []
        means, p = _ranked(contexts[0].table, contexts[0].column)
        mean_of = [means.get(str(context.row_number)) for context in contexts]
        return [None if mean is None else Rank(mean, p) for mean in mean_of]

    def text(self, value: Rank, decimals: int) -> str:
        return f"{value.mean:.2f}"

    def number(self, value: Rank) -> float | None:
        return value.mean

    def exported(self, value: Rank | None) -> dict[str, Any]:
        return {"rank": value.mean if value else None, "friedman_p": value.p_value if value else None}

    def legend_of(self, table: Table) -> str:
        tests = [(column, _ranked(table, column)) for column in table.columns if _parts(table, column)]
        said = [
            f"{column.group} {column.title}".strip()
            + (f": p = {p:.3f}" if p is not None else ": not tested, with fewer than three complete rows or two tasks")
            for column, (means, p) in tests
            if means
        ]
        return (
            "rank: mean rank over the columns of a mean, 1 is the best, of rows that have them all. Friedman's test "
            f"that all rank alike: {'; '.join(said)}."
        )

    def complaint(self, columns: Sequence[Column], baseline: str | None) -> str:
        found = any(column.mean_of and not column.over for column in columns)
        return "" if found else "it ranks over several tasks: give the table a column with `mean_of:` their columns"


def _parts(table: Table, column: Column) -> list[int]:
    """Returns the columns that rows are ranked over: those of a mean, if each is of a task of its own."""
    tasks = [table.columns[place].task for place in column.mean_of]
    return list(column.mean_of) if not column.over and len(set(tasks)) == len(tasks) else []


def _ranked(table: Table, column: Column) -> tuple[dict[str, float], float | None]:
    """Returns the mean rank by number of row, and the p-value of Friedman's test."""
    scores = []
    for place in _parts(table, column):
        part = table.columns[place]
        means = {
            str(number): fmean(cells[place].values.values())
            for number, cells in enumerate(table.cells)
            if cells[place].values
        }
        scores.append(TaskScores(part.task, means, part.higher_is_better))
    ranks = rank_methods(scores) if scores else None
    return ({}, None) if ranks is None else (ranks.mean, friedman_test(ranks))
