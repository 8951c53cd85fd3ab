"""The model of a comparison table: rows of methods or values, columns, cells that know their runs, and notes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal, NamedTuple

from provbench.registry import FIELDS
from provbench.registry.base import Variant, improves

from ..statistics import Deviation, PairedEffect, Summary
from ..store import Counts, RunRecord
from .citations import PublishedNumber

GAP = "–"

EpochName = Literal["last", "best-val", "median-last-10", "best-test"]
"""A rule for which epoch of a run is scored. Any but the runs' own (`checkpoint`) needs `test_curve: true` among the
task's parameters.
"""

RISING = "↑"
"""Marks a cell of which a run was still improving when it ended."""

LEVEL = 0.05
"""p-values below it, adjusted by Holm's method, tell two methods apart."""

SHOWN = ("value", "published", "deviation", "p")
"""The statistics that a column shows by default, as far as any of its cells has them."""


@dataclass(frozen=True)
class Column:
    """A metric of a task on its test split, a cost of its runs, the gain in one of these, or the mean of columns."""

    task: str
    metric: str
    """A test metric, or one of `costs.COSTS`."""
    unit: str = "%"
    higher_is_better: bool = True
    selection: str = "val"
    """The protocol that chose the parameters: `val`, `worst-group`, `oracle`."""
    selection_metric: str = ""
    """Metric by which the protocol selects."""
    selection_higher_is_better: bool = True
    selection_unit: str = "%"
    epoch: EpochName | Literal[""] = ""
    """The rule by which an epoch is scored; "": the runs' own."""
    setting: str = ""
    """Setting of the published numbers next to ours: `5-shot`, `long-tail-100` …; a row may have its own."""
    decimals: int = 1
    label: str = ""
    group: str = ""
    """Heading over this column and its neighbours of the same group."""
    over: str = ""
    """The column is each row's gain over the row of this method, seed by seed; a row may have its own."""
    mean_of: tuple[int, ...] = ()
    """Places of the columns that this one is the mean of, seed by seed."""
    method: str = ""
    """The method that the column is of, where rows are values of something else."""
    method_label: str = ""
    section: str = ""
    """The suite's section that the column's task is, where rows are values and the column names one."""
    declared: bool = False
    """True if the task declares the metric, so that it exists even if no run has a value, and its cells are gaps."""

    @property
    def title(self) -> str:
        over = f" over {self.over}" if self.over else ""
        return self.label or f"{self.task} {self.metric}{over} [{self.unit}]"

    @property
    def derived(self) -> bool:
        """Returns whether the values are computed from other cells' values."""
        return bool(self.over or self.mean_of)


@dataclass(frozen=True)
class RowRuns:
    """Runs that a row contributes to a column. Without seeds no results of ours are expected: the row is a published
    one there.
    """

    runs: Sequence[RunRecord] = ()
    seeds: Sequence[int] = ()
    model: str = ""
    """The network, by the name under which papers list it; default: what the runs say."""
    search: Counts | None = None
    """Counts of the trials from which the parameters were chosen, by how they ended; None: nothing was searched."""
    search_seconds: float = 0.0
    method: str = ""
    """The method by the name of the suite, where the row is not named for it."""
    uses_groups: bool = False
    """True if the runs were trained with the group of each training sample."""
    section: str = ""
    """The suite's section that the runs are of, where the rows of a column may be of several: each has its own data."""
    memo: dict[Any, Any] = field(default_factory=dict, compare=False, repr=False)
    """Results of computing with `runs` and `seeds`, which columns of the same runs may share."""


@dataclass(frozen=True)
class TableRow:
    """A method, or a value of what tells runs apart, and what it brings to each column.

    method: the name in this table, by which published numbers are found; a run of another suite may know it by another.
    Of a value it is `alpha=0.1`, and published numbers are found by the method of the column.
    """

    method: str
    entries: Sequence[RowRuns]
    label: str = ""
    group: str = ""
    """Heading over this row and its neighbours of the same group."""
    setting: str | None = None
    """Setting of the row's published numbers, in place of the columns'. A row of a value has published numbers only
    where it has a setting, as most are of one value, and would stand in every row.
    """
    over: str = ""
    """Reference of the row's gains, in place of the columns'."""

    @property
    def title(self) -> str:
        return self.label or self.method

    @property
    def is_ours(self) -> bool:
        """Returns whether any results of ours are expected in the row."""
        return any(entry.seeds for entry in self.entries)


@dataclass(frozen=True)
class TableCell:
    """A row's result in a column, and everything about it, down to the keys of its runs."""

    values: Mapping[int, float] = field(default_factory=dict)
    """The metric by seed, of the runs that are done and have it."""
    keys: Mapping[int, str] = field(default_factory=dict)
    """The run of each seed that has one, failed ones too."""
    missing: tuple[int, ...] = ()
    """Seeds without a run."""
    failed: tuple[int, ...] = ()
    """Seeds whose run did not end well."""
    void: tuple[int, ...] = ()
    """Seeds whose run is done, and gave NaN, infinity or no value; of gains and means: seeds that lack a part."""
    model: str = ""
    published: PublishedNumber | None = None
    deviation: Deviation | None = None
    """Ours less the published value."""
    p_value: float | None = None
    """p-value against the table's baseline, on shared seeds, adjusted by Holm's method over the column."""
    effect: PairedEffect | None = None
    """Effect size against the table's baseline, on shared seeds."""
    best: bool = False
    """Is bold and has the best mean of its group of rows."""
    bold: bool = False
    """True if, in a table with a baseline, the cell is better than it by the test behind `p_value`; without one, if it
    has the best mean of its group of rows or does not differ significantly from it, where the test separates the best
    from any other.
    """
    untested: bool = False
    """Shares fewer than two seeds with what it is tested against: the baseline, or the best."""
    improving: int = 0
    """Number of its runs that were still improving by the selection metric when they ended."""
    statistics: Mapping[str, Any] = field(default_factory=dict)
    """Results of the registered statistics, by their names: the basic ones and those that the table shows."""

    def number(self, kind: str) -> float | None:
        """Returns the number that a field shows; None where the cell does not have it, or it is no single number."""
        value = self.statistics.get(kind)
        return None if value is None else FIELDS.build(kind).number(value)

    def sort_value(self, kind: str) -> float | None:
        """Returns the number that a field is sorted by; None where the cell does not have it."""
        value = self.statistics.get(kind)
        return None if value is None else FIELDS.build(kind).sort_value(value)

    @property
    def summary(self) -> Summary | None:
        return _summary(tuple(self.values.values())) if self.values else None

    @property
    def gaps(self) -> int:
        return len(self.missing) + len(self.failed) + len(self.void)

    def differs(self, column: Column) -> bool | None:
        """Returns whether the cell is better (True) or worse (False) than the baseline's by the test; None if the test
        cannot tell them apart, or none could be made."""
        if self.effect is None or self.p_value is None or self.p_value >= LEVEL or self.effect.difference == 0:
            return None
        return improves(self.effect.difference, column.higher_is_better)

    def text(self, decimals: int = 1) -> str:
        """`65.1 ± 0.4 (2)↑ –`: the summary, an arrow where a run was still improving, and a dash for each seed that
        gave no value; one dash if none did, and nothing at all where nothing of ours is expected."""
        if self.summary is None:
            return GAP if self.gaps else ""
        return " ".join([self.summary.text(decimals) + RISING * (self.improving > 0), *[GAP] * self.gaps])


@lru_cache(maxsize=10_000)
def _summary(values: tuple[float, ...]) -> Summary:
    """Returns the summary of values; it is asked for at each step of a table's making."""
    return Summary.of(values)


@dataclass(frozen=True)
class Field:
    """A field of the table as it is shown. column: the place of its column; None for a label."""

    text: str
    kind: str
    """The name of the statistic; `label` for the row's own."""
    bold: bool = False
    column: int | None = None


class CellAddress(NamedTuple):
    """A place in a table, with all that stands there."""

    row: TableRow
    column: Column
    entry: RowRuns
    cell: TableCell

    @property
    def title(self) -> str:
        """Returns the title of a place: `CutMix`, or `CutMix (alpha=0.1)` where the column has the method."""
        method = self.column.method_label or self.column.method
        return f"{method} ({self.row.title})" if method else self.row.title


@dataclass(frozen=True)
class Table:
    """`cells[i][j]` is row i's in column j. notes: lines that belong under the table, whatever it is rendered as."""

    title: str
    variant: Variant
    """Variant of the data of its runs: its name, and whether its numbers are the benchmark's own."""
    columns: tuple[Column, ...]
    rows: tuple[TableRow, ...]
    cells: tuple[tuple[TableCell, ...], ...]
    notes: tuple[str, ...]
    baseline: str | None = None
    label: str = ""
    """Label by which LaTeX refers to the table."""
    show: tuple[str, ...] = SHOWN
    """The statistics that its columns show, by name, as far as any of their cells has them."""
    rows_by: str = ""
    """The parameter, `task` or `seed` that its rows are values of; "" where they are methods."""

    @property
    def is_ranked(self) -> bool:
        """Returns whether the rows of a column may be compared: different tasks may not."""
        return self.rows_by != "task"

    def places(self) -> Iterator[CellAddress]:
        """Row by row."""
        for row, cells in zip(self.rows, self.cells, strict=True):
            for column, entry, cell in zip(self.columns, row.entries, cells, strict=True):
                yield CellAddress(row, column, entry, cell)

    @property
    def baseline_title(self) -> str:
        """Returns the title of the baseline in the table."""
        named = [row.title for row in self.rows if row.method == self.baseline and row.is_ours]
        return next(iter([*named, *self._column_titles(str(self.baseline))]), str(self.baseline))

    def title_of(self, method: str, group: str = "") -> str:
        """Returns the title of a method in the table: that of its row in the group, else of any row of it, else its
        name.
        """
        named = [row for row in self.rows if row.method == method]
        own = [row for row in named if row.group == group]
        return next(iter([*(row.title for row in [*own, *named]), *self._column_titles(method)]), method)

    def _column_titles(self, method: str) -> list[str]:
        return [column.method_label or method for column in self.columns if column.method == method]

    def header(self) -> list[Field]:
        """The titles of the fields of `body`."""
        shown = [
            Field(FIELDS.get(kind).title if number else column.title, kind, column=place)
            for place, (column, kinds) in enumerate(zip(self.columns, self._kinds(), strict=True))
            for number, kind in enumerate(kinds)
        ]
        return [Field(self.rows_by.rpartition(".")[2] or "method", "label"), *shown]

    def spans(self) -> list[tuple[str, int]]:
        """The headings over groups of columns, as (text, fields); [] where no column has a group."""
        if not any(column.group for column in self.columns):
            return []
        spans: list[tuple[str, int]] = [("", 1)]
        for column, kinds in zip(self.columns, self._kinds(), strict=True):
            if column.group == spans[-1][0] and len(spans) > 1:
                spans[-1] = (column.group, spans[-1][1] + len(kinds))
            else:
                spans.append((column.group, len(kinds)))
        return spans

    def body(self) -> list[list[Field]]:
        """The table's fields as strings, row by row, as every renderer shows them.

        A column has a field for whatever `show` names: for its value always, for the rest where any of its cells has
        it.
        """
        layout = list(zip(self.columns, self._kinds(), strict=True))
        return [
            [
                Field(row.title, "label"),
                *(
                    Field(_text(cell, kind, column.decimals), kind, kind == "value" and cell.bold, place)
                    for place, (cell, (column, kinds)) in enumerate(zip(cells, layout, strict=True))
                    for kind in kinds
                ),
            ]
            for row, cells in zip(self.rows, self.cells, strict=True)
        ]

    def groups(self) -> list[tuple[str, int]]:
        """The headings over groups of rows, as (text, rows)."""
        groups: list[tuple[str, int]] = []
        for row in self.rows:
            if groups and groups[-1][0] == row.group:
                groups[-1] = (row.group, groups[-1][1] + 1)
            else:
                groups.append((row.group, 1))
        return groups

    def _kinds(self) -> list[list[str]]:
        """Returns the kinds that each column shows: one at least."""
        columns = list(zip(*self.cells, strict=True)) or [() for _ in self.columns]
        return [
            [kind for kind in self.show if FIELDS.get(kind).always or any(_text(cell, kind) for cell in cells)]
            or list(self.show[:1])
            for cells in columns
        ]


def _text(cell: TableCell, kind: str, decimals: int = 1) -> str:
    """A field of a cell; "" where the cell does not have it."""
    value = cell.statistics.get(kind)
    return "" if value is None else FIELDS.build(kind).text(value, decimals)
