"""The page of a row of a table: each of its numbers, down to the seeds, and what is behind them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..store import Choice, RunRecord
from ..tables import Column, Table, TableCell, TableRow, baseline_place
from .charts import Chart
from .comparison import Section
from .content import Report, SuiteCell
from .curves import curve_charts
from .links import Links, entry_name
from .tables import column_anchor, table_anchor
from .verdicts import heading
from .words import value_text

SAME = "–"


@dataclass(frozen=True)
class SeedValue:
    """Result of one seed. state: done, failed, void (no finite value) or missing."""

    seed: int
    value: float | None
    state: str
    href: str | None = None


@dataclass(frozen=True)
class NumberPage:
    """A number of the row: a cell of the table in full."""

    anchor: str
    title: str
    column: Column
    cell: TableCell
    values: Sequence[SeedValue]
    better: bool | None
    parts: Sequence[tuple[str, str]] = ()
    """Titles and anchors of the columns that a mean column averages."""


@dataclass(frozen=True)
class Differences:
    """Parameters in which the methods differ. methods: this one first; lines: name, value by method."""

    methods: Sequence[str]
    lines: Sequence[tuple[str, Sequence[str]]]


@dataclass(frozen=True)
class Runs:
    """The runs behind the numbers of one task under one protocol."""

    title: str
    column: Column
    runs: Sequence[RunRecord]
    charts: Sequence[Chart]
    differences: Differences
    cell: SuiteCell | None
    selection: Choice[Any] | None
    compare: str | None
    """Link to the sample-by-sample comparison with the baseline; None if there is none."""


@dataclass(frozen=True)
class MethodPage:
    """A row of a table."""

    href: str
    title: str
    """Title of the table."""
    anchor: str
    """Anchor of the table in the index."""
    table: Table
    row: TableRow
    baseline: str | None
    """The method that this one is tested against."""
    seeds: Sequence[int]
    numbers: Sequence[NumberPage]
    runs: Sequence[Runs]


def method_pages(report: Report, links: Links, compared: Sequence[Section]) -> Iterator[MethodPage]:
    """A page for every row of every table. compared: what can be compared sample by sample."""
    entries = {(section.name, entry.name) for section in compared for entry in section.entries}
    for name, table in report.tables.items():
        for i, (row, href) in enumerate(zip(table.rows, links.rows[name], strict=True)):
            numbers = [_number(table, i, j, links) for j in range(len(table.columns))]
            seeds = sorted({value.seed for number in numbers for value in number.values})
            yield MethodPage(
                href=href,
                title=table.title or name,
                anchor=table_anchor(name),
                table=table,
                row=row,
                baseline=_baseline_title(table, i),
                seeds=seeds,
                numbers=numbers,
                runs=list(_runs(report, links, table, i, entries)),
            )


def _baseline_title(table: Table, i: int) -> str | None:
    """Returns the title of what the row is tested against: another row, or another method in this one."""
    places = [place for j in range(len(table.columns)) if (place := baseline_place(table, i, j)) is not None]
    if not places:
        return None
    row, column = places[0]
    return table.columns[column].method_label or table.rows[row].title if row == i else table.rows[row].title


def _number(table: Table, i: int, j: int, links: Links) -> NumberPage:
    cell, column = table.cells[i][j], table.columns[j]
    seeds = sorted({*cell.values, *cell.missing, *cell.failed, *cell.void})
    return NumberPage(
        anchor=column_anchor(j),
        title=heading(column),
        column=column,
        cell=cell,
        values=[_seed_value(cell, seed, links) for seed in seeds],
        better=cell.differs(column),
        parts=[(heading(table.columns[place]), column_anchor(place)) for place in column.mean_of],
    )


def _seed_value(cell: TableCell, seed: int, links: Links) -> SeedValue:
    states = {"failed": cell.failed, "void": cell.void, "missing": cell.missing}
    state = next((state for state, seeds in states.items() if seed in seeds), "done")
    return SeedValue(seed, cell.values.get(seed), state, links.run(cell.keys.get(seed)))


def _runs(report: Report, links: Links, table: Table, i: int, entries: set[tuple[str, str]]) -> Iterator[Runs]:
    """Once for each task and protocol among the columns."""
    seen = set()
    for j, column in enumerate(table.columns):
        runs = _counting(table, i, j)
        what = (column.task, column.selection, column.method)
        if what in seen or not (runs or table.rows[i].entries[j].seeds):
            continue
        seen.add(what)
        cell, selection = _cell_of(report, table, i, j)
        yield Runs(
            title=f"{cell.title if cell else column.task}{f': {column.method_label}' if column.method else ''}",
            column=column,
            runs=runs,
            charts=curve_charts({f"seed {run.seed}": run.curve for run in runs}, column.selection_metric),
            differences=_differences(table, i, j),
            cell=cell,
            selection=selection,
            compare=_compare(report, links, table, i, j, entries),
        )


def _counting(table: Table, i: int, j: int) -> list[RunRecord]:
    """The runs that count in a cell, by seed."""
    runs = {run.key: run for run in table.rows[i].entries[j].runs}
    return [runs[key] for _, key in sorted(table.cells[i][j].keys.items())]


def _cell_of(report: Report, table: Table, i: int, j: int) -> tuple[SuiteCell | None, Choice[Any] | None]:
    """The suite's cell that a row shows in a column, and what was selected there: by its runs, else by name."""
    row, column = table.rows[i], table.columns[j]
    keys, method = {run.key for run in _counting(table, i, j)}, row.entries[j].method or row.method
    for cell in report.cells:
        named = sorted(cell.selections, key=lambda selection: selection.protocol != column.selection)
        for selection in named:
            if cell.method == method and keys & {run.key for run in selection.runs.values()}:
                return cell, selection
    cell = next((cell for cell in report.cells if (cell.task, cell.method) == (column.task, method)), None)
    return cell, None


def _compare(report: Report, links: Links, table: Table, i: int, j: int, entries: set[tuple[str, str]]) -> str | None:
    """Returns a link to the comparison with the baseline's runs, if both have predictions."""
    base = baseline_place(table, i, j)
    if base is None:
        return None
    names = []
    for place in ((i, j), base):
        cell, selection = _cell_of(report, table, *place)
        names += [(cell.section, entry_name(cell.method, selection.protocol))] if cell and selection else []
    if len(names) < 2 or names[0][0] != names[1][0] or not entries.issuperset(names):
        return None
    return links.compare(names[0][0], names[0][1], names[1][1], table.columns[j].metric)


def _differences(table: Table, i: int, j: int) -> Differences:
    """Returns the parameters that differ between a column's rows. This row comes first."""
    places = [i, *(place for place in range(len(table.rows)) if place != i)]
    known = [(table.rows[place].title, _parameters(table, place, j)) for place in places]
    shown = [(title, params) for title, params in known if params is not None]
    names = sorted({name for _, params in shown for name in params})
    lines = [(name, [value_text(params[name]) if name in params else SAME for _, params in shown]) for name in names]
    return Differences([title for title, _ in shown], [line for line in lines if len(set(line[1])) > 1])


def _parameters(table: Table, i: int, j: int) -> Mapping[str, Any] | None:
    runs = _counting(table, i, j)
    return runs[0].parameters if runs else None
