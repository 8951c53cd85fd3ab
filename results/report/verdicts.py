"""What a table says, in a line: which methods differ from the baseline beyond noise."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ..tables import Cell, Column, Table

LEVEL = 0.05
"""Of p-values that are adjusted by Holm's method over their column."""


@dataclass(frozen=True)
class Finding:
    """A method that differs from the baseline in a column. difference: of means on shared seeds."""

    row: int
    column: int
    method: str
    metric: str
    difference: float
    p_value: float
    better: bool
    decimals: int = 1

    def __str__(self) -> str:
        """`+1.2, p = 0.013`."""
        p = "p < 0.001" if self.p_value < 0.001 else f"p = {self.p_value:.3f}"
        return f"{self.difference:+.{self.decimals}f}, {p}"


@dataclass(frozen=True)
class Verdict:
    """findings: what differs; tested: how many comparisons could be made; leading: where there is no baseline."""

    baseline: str | None
    tested: int
    findings: tuple[Finding, ...]
    leading: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """By column: the methods with the best mean, and those that cannot be told from it."""
    empty: bool = False
    """Whether nothing has been run."""
    is_ours: bool = True
    """Whether anything is to be run; else all numbers are published ones."""

    @property
    def better(self) -> list[Finding]:
        return [finding for finding in self.findings if finding.better]

    @property
    def worse(self) -> list[Finding]:
        return [finding for finding in self.findings if not finding.better]

    @property
    def undecided(self) -> int:
        return self.tested - len(self.findings)


def judge(table: Table) -> Verdict:
    """The verdict on a table."""
    empty = not any(cell.values for row in table.cells for cell in row)
    cells = [(i, j, cell) for i, row in enumerate(table.cells) for j, cell in enumerate(row)]
    tested = [(i, j, cell) for i, j, cell in cells if cell.p_value is not None and cell.effect is not None]
    found = tuple(finding for i, j, cell in tested if (finding := _finding(table, i, j, cell)) is not None)
    titles = [row.title for row in table.rows if row.method == table.baseline and row.is_ours]
    baseline = None if table.baseline is None else next(iter(titles), table.baseline)
    leading = tuple(_leading(table)) if table.baseline is None else ()
    return Verdict(baseline, len(tested), found, leading, empty, any(row.is_ours for row in table.rows))


def differs(cell: Cell, column: Column) -> bool | None:
    """Whether a cell is better (True) or worse (False) than the baseline's beyond noise; None if it cannot be told."""
    if cell.effect is None or cell.p_value is None or cell.p_value >= LEVEL or cell.effect.difference == 0:
        return None
    return (cell.effect.difference > 0) == column.higher_is_better


def _finding(table: Table, i: int, j: int, cell: Cell) -> Finding | None:
    better = differs(cell, table.columns[j])
    if better is None:
        return None
    assert cell.effect is not None
    assert cell.p_value is not None
    names = table.rows[i].title, heading(table.columns[j])
    return Finding(i, j, *names, cell.effect.difference, cell.p_value, better, table.columns[j].decimals)


def heading(column: Column) -> str:
    """A column's title with the heading over it."""
    return f"{column.group} {column.title}" if column.group else column.title


def _leading(table: Table) -> Iterator[tuple[str, tuple[str, ...]]]:
    for j, column in enumerate(table.columns):
        marked = [(cells[j], row.title) for cells, row in zip(table.cells, table.rows, strict=True) if cells[j].bold]
        ordered = sorted(marked, key=lambda pair: not pair[0].best)
        if ordered and len(table.rows) > 1:
            yield heading(column), tuple(title for _, title in ordered)
