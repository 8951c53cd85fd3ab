"""What a comparison table is: rows of methods, columns of task metrics, cells that know their runs, and notes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from ..registry.errors import UserError
from .citations import PublishedNumber
from .record import RunRecord
from .selection import Counts
from .statistics import Summary

GAP = "–"


@dataclass(frozen=True)
class Column:
    """A metric of a task, on its test split."""

    task: str
    metric: str
    unit: str = "%"
    higher_is_better: bool = True
    selection: str = "val"
    """The protocol that chose the parameters: `val`, `worst-group`, `oracle`."""
    decimals: int = 1
    label: str = ""

    @property
    def title(self) -> str:
        return self.label or f"{self.task} {self.metric} [{self.unit}]"


@dataclass(frozen=True)
class TableRow:
    """A method: its final runs on every task of the table, and the seeds that they should have.

    method: the name in this table, by which published numbers are found; a run of another suite may know it by another.
    models: by task, the name under which papers list the method's network; default: what its runs say. search: by
    task, how the trials ended that its parameters were chosen from.
    """

    method: str
    seeds: Sequence[int]
    runs: Sequence[RunRecord] = ()
    label: str = ""
    models: Mapping[str, str] = field(default_factory=dict)
    search: Mapping[str, Counts] = field(default_factory=dict)

    @property
    def title(self) -> str:
        return self.label or self.method

    def runs_of(self, task: str) -> list[RunRecord]:
        return [run for run in self.runs if run.task == task]

    def model(self, task: str) -> str | None:
        """Name of the network; None where neither `models` nor a run says it. Raises `UserError` where runs differ."""
        if task in self.models:
            return self.models[task]
        names = {str(run.parameters["model"]) for run in self.runs_of(task) if "model" in run.parameters}
        if len(names) > 1:
            raise UserError(f"row {self.title!r} mixes the networks {sorted(names)} on {task}: give each its own row")
        return next(iter(names), None)


@dataclass(frozen=True)
class Cell:
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
    """Seeds whose run is done, and gave NaN, infinity or no value."""
    published: PublishedNumber | None = None
    deviation: float | None = None
    """Ours less the published value, in the column's unit."""
    p_value: float | None = None
    """Against the table's baseline, on shared seeds, adjusted by Holm's method over the column."""
    best: bool = False

    @property
    def summary(self) -> Summary | None:
        return Summary.of(list(self.values.values())) if self.values else None

    @property
    def gaps(self) -> int:
        return len(self.missing) + len(self.failed) + len(self.void)

    def text(self, decimals: int = 1) -> str:
        """`65.1 ± 0.4 (2) –`: the summary, and a dash for each seed that gave no value; one dash if none did."""
        return GAP if self.summary is None else " ".join([self.summary.text(decimals), *[GAP] * self.gaps])


Kind = Literal["label", "value", "published", "deviation", "p"]


@dataclass(frozen=True)
class Field:
    """A field of the table as it is shown."""

    text: str
    kind: Kind
    bold: bool = False


@dataclass(frozen=True)
class Table:
    """`cells[i][j]` is row i's in column j. notes: lines that belong under the table, whatever it is rendered as."""

    title: str
    variant: Literal["mini", "full"]
    columns: tuple[Column, ...]
    rows: tuple[TableRow, ...]
    cells: tuple[tuple[Cell, ...], ...]
    notes: tuple[str, ...]
    baseline: str | None = None

    def header(self) -> list[Field]:
        """The titles of the fields of `body`."""
        titles: dict[Kind, str] = {"published": "published", "deviation": "Δ", "p": "p"}
        shown = [
            Field(column.title if kind == "value" else titles[kind], kind)
            for column, kinds in zip(self.columns, self._kinds(), strict=True)
            for kind in kinds
        ]
        return [Field("method", "label"), *shown]

    def body(self) -> list[list[Field]]:
        """The table's fields as strings, row by row, as every renderer shows them.

        A column has a field for its value and, where any of its cells has them, for the published value, the deviation
        and the p-value.
        """
        return [
            [
                Field(row.title, "label"),
                *(
                    _shown(cell, kind, column)
                    for cell, column, kinds in zip(cells, self.columns, self._kinds(), strict=True)
                    for kind in kinds
                ),
            ]
            for row, cells in zip(self.rows, self.cells, strict=True)
        ]

    def _kinds(self) -> list[list[Kind]]:
        """What each column shows."""
        kinds: list[list[Kind]] = []
        for cells in zip(*self.cells, strict=True):
            has: dict[Kind, bool] = {
                "value": True,
                "published": any(cell.published for cell in cells),
                "deviation": any(cell.deviation is not None for cell in cells),
                "p": any(cell.p_value is not None for cell in cells),
            }
            kinds.append([kind for kind, present in has.items() if present])
        return kinds or [["value"] for _ in self.columns]


def _shown(cell: Cell, kind: Kind, column: Column) -> Field:
    if kind == "value":
        return Field(cell.text(column.decimals), kind, cell.best)
    if kind == "published":
        return Field(cell.published.label if cell.published else "", kind)
    if kind == "deviation":
        return Field("" if cell.deviation is None else f"{cell.deviation:+.{column.decimals}f}", kind)
    if cell.p_value is None:
        return Field("", kind)
    return Field("<0.001" if cell.p_value < 0.001 else f"{cell.p_value:.3f}", kind)
