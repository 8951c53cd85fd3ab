"""One-line summaries of a table: which methods differ from the baseline beyond noise."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ..tables import CellAddress, Column, Table, TableCell


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
    """findings: what differs from the baseline; tested: how many comparisons with it could be made, or how many cells
    take part in one where there is no baseline; leading: where there is no baseline."""

    baseline: str | None
    tested: int
    findings: tuple[Finding, ...]
    leading: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Methods, for each column, with the best mean and those that do not differ significantly from it, where the
    test separates them from any other.
    """
    alike: tuple[str, ...] = ()
    """Columns, if there is no baseline, in which no method differs significantly from the best."""
    untested: int = 0
    """Cells that share too few seeds with any other to be tested."""
    most_seeds: int = 0
    """Largest number of seeds with a value in any cell."""
    empty: bool = False
    """True if nothing has been run."""
    is_ours: bool = True
    """True if any row is to be run; else all numbers are published ones."""

    @property
    def better(self) -> list[Finding]:
        return [finding for finding in self.findings if finding.better]

    @property
    def worse(self) -> list[Finding]:
        return [finding for finding in self.findings if not finding.better]

    @property
    def says(self) -> bool:
        """Returns whether there is anything to report."""
        found = self.tested if self.baseline is not None else self.leading or self.alike
        return bool(self.empty or not self.is_ours or self.untested or found)

    @property
    def undecided(self) -> int:
        return self.tested - len(self.findings)


def judge(table: Table) -> Verdict:
    """Returns the verdict on a table."""
    scores = [place for place in table.places() if place.cell.values]
    found = _alone(table, scores) if table.baseline is None else _against_baseline(table)
    most = max((len(place.cell.values) for place in scores), default=0)
    return replace(
        found,
        empty=not scores,
        is_ours=any(row.is_ours for row in table.rows),
        most_seeds=most,
        untested=sum(place.cell.untested for place in scores if not place.column.over),
    )


def _against_baseline(table: Table) -> Verdict:
    cells = [(i, j, cell) for i, row in enumerate(table.cells) for j, cell in enumerate(row)]
    tested = [(i, j, cell) for i, j, cell in cells if cell.p_value is not None and cell.effect is not None]
    found = tuple(finding for i, j, cell in tested if (finding := _finding(table, i, j, cell)) is not None)
    return Verdict(table.baseline_title, len(tested), found)


def _alone(table: Table, scores: Sequence[CellAddress]) -> Verdict:
    """The verdict on a table without a baseline. Gains are not tested, and a method that is alone is not compared."""
    ranked = [place for place in scores if not place.column.over]
    tested = [place for place in ranked if not place.cell.untested]
    leading = tuple(_leading(table))
    named = {title for title, _ in leading}
    alike = [heading(column) for column in table.columns if sum(place.column is column for place in tested) > 1]
    return Verdict(None, len(tested), (), leading, tuple(title for title in alike if title not in named))


def _finding(table: Table, i: int, j: int, cell: TableCell) -> Finding | None:
    better = cell.differs(table.columns[j])
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
