"""Resolves the names in one table of a suite file, and reports those that are unknown."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

from provbench.registry import FIELDS, Metric
from provbench.registry.base import UserError, nearest
from provbench.results.tables import COSTS, Column, PublishedNumber

from ..file import ColumnSection, RowSection, TableSection, ValueRows
from ..planning import Cell, Plan


class TableScope:
    """A table's section with the suite and the published numbers that its names are of.

    A name of a task is a section of the suite, or else a task that papers report. Every complaint is a `UserError` that
    names file, line, field and the nearest names.
    """

    def __init__(
        self, plan: Plan, section: TableSection, place: int, published: Mapping[str, Sequence[PublishedNumber]]
    ) -> None:
        self.suite, self.section, self.place, self._file = plan.file.suite, section, place, plan.file
        self.cells: dict[str, Cell] = plan.sections()
        self._published = published

    rows_by = ""
    """The parameter, `task` or `seed` that the rows are values of; "" where they are methods."""

    @cached_property
    def rows(self) -> Sequence[RowSection]:
        if self.section.rows is not None:
            assert not isinstance(self.section.rows, ValueRows)
            return self.section.rows
        if self.section.task not in self.suite.tasks:
            raise UserError(f"{self.where()}: names no rows, and no task of the suite whose methods they could be")
        return [RowSection.model_validate({"method": method}) for method in self.suite.methods_of(self.section.task)]

    @cached_property
    def columns(self) -> Sequence[ColumnSection]:
        if self.section.columns is not None:
            return self.section.columns
        if self.section.task not in self.cells:
            raise UserError(f"{self.where()}: names no columns, and no task of the suite whose metrics they could be")
        metrics = self.cells[self.section.task].task.info.metrics
        return [ColumnSection.model_validate({"metric": metric.name}) for metric in metrics if not metric.optional]

    @cached_property
    def used_cells(self) -> list[Cell]:
        """One of each task section that the table is about."""
        names = {self.task_of(column, row) for column in self.columns for row in self.rows}
        return [self.cells[name] for name in sorted(names) if name in self.cells]

    def task_of(self, column: ColumnSection, row: RowSection) -> str:
        """The name of the task that a cell is of; "" for a mean over tasks that papers give no name."""
        if column.mean_of:
            return column.task or ""
        name = column.task or row.task or self.section.task
        if name is None:
            raise UserError(f"{self.where()}: column {column.metric!r} has no task: name one there, or in the table")
        return name

    def column_task(self, place: int) -> tuple[str, Cell | None]:
        """The task of a column by the name under which papers report it, and a cell of ours, if the suite has any."""
        column = self.columns[place]
        names = sorted({self.task_of(column, row) for row in self.rows})
        tasks = {self.registered(name) for name in names}
        if len(tasks) > 1:
            raise UserError(
                f"{self.where('columns', place)}: its rows are of the tasks {sorted(tasks)}: one task a column"
            )
        return next(iter(tasks), ""), next((self.cells[name] for name in names if name in self.cells), None)

    def registered(self, task: str) -> str:
        """The registered name of a section's task; any other name is one of papers already."""
        return self.cells[task].task.name if task in self.cells else task

    def numbers(self, task: str) -> Sequence[PublishedNumber]:
        return self._published.get(task, ())

    def metric(self, place: int, task: str, cell: Cell | None) -> Metric:
        """Returns the metric of a column."""
        name = self.columns[place].metric
        own = cell and cell.task.info.declared(name)
        ours = [metric.name for metric in (*cell.task.info.metrics, *cell.task.info.families)] if cell else []
        theirs = {number.metric for number in self.numbers(task)}
        self._check_task(task, "columns", place)
        if own is not None:
            return own
        if name in COSTS:
            return Metric(name, COSTS[name].description, COSTS[name].unit, higher_is_better=False)
        if name not in theirs:
            raise self._unknown(f"metric of {task} {name!r}", name, {*ours, *theirs, *COSTS}, "columns", place)
        units = [number.unit for number in self.numbers(task) if number.metric == name and number.over is None]
        return Metric(name, "", units[0] if units else "%")

    def method_of(self, column: ColumnSection, row: RowSection) -> str:
        """The name of the suite, or of papers, for the method that a cell is of."""
        return row.method

    def cell_name(self, column: ColumnSection, row: RowSection) -> tuple[str, str] | None:
        """Section and method of the suite's cell that a cell shows; None for none."""
        return self.task_of(column, row), row.method

    def label(self, method: str) -> str:
        """Returns the label of a method in the suite, or else its name."""
        section = self.suite.methods.get(method)
        return self._file.labels.get(method) or (section and section.label) or method

    def column_method(self, column: ColumnSection) -> str:
        """The method that a column is of; "" where rows are methods. Raises `UserError` for one that has no place."""
        if column.method is not None:
            where = self.where("columns", self.columns.index(column), "method")
            raise UserError(f"{where}: rows are methods here: write `rows: {{by: PARAMETER}}` to have them as columns")
        return ""

    def seeds_of(self, row: RowSection) -> Sequence[int]:
        return self.suite.seeds

    def check_row(self, row: RowSection) -> None:
        """Its method and what it says of published numbers exist."""
        tasks = {self.task_of(column, row) for column in self.columns} - {""}
        numbers = [number for task in tasks for number in self.numbers(self.registered(task))]
        ours = {method for task in tasks & self.suite.tasks.keys() for method in self.suite.methods_of(task)}
        where = self._row_location(row)
        known = ours | {number.method for number in numbers}
        if row.method not in known:
            of = f"method of {', '.join(sorted(tasks))} {row.method!r}, in the suite or published"
            raise self._unknown(of, row.method, known, *where)
        self._check_quotation(row.model, row.setting, row.over, numbers, *where)

    def check_column(self, place: int, task: str, cell: Cell | None) -> None:
        """Its selection protocol and what it says of published numbers exist."""
        column = self.columns[place]
        protocol = column.selection or self.section.selection
        if cell is not None and protocol is not None and protocol not in cell.protocols:
            of = f"selection protocol of {cell.name} {protocol!r}"
            raise self._unknown(of, protocol, cell.protocols, "columns", place)
        self._check_quotation(column.model, column.setting, column.over, self.numbers(task), "columns", place)

    def check_table(self) -> None:
        """Its statistics, its task and what it says of published numbers for all its columns exist."""
        for place, name in enumerate(self.section.show):
            if name not in FIELDS:
                raise self._unknown(f"statistic {name!r}", name, FIELDS, "show", place)
        self._check_task(self.section.task)
        tasks = {self.registered(self.task_of(column, row)) for column in self.columns for row in self.rows}
        numbers = [number for task in tasks for number in self.numbers(task)]
        self._check_quotation(self.section.model, self.section.setting, None, numbers)

    def check_shown(self, columns: Sequence[Column]) -> None:
        """Its columns and its baseline are such that its statistics can be shown."""
        for place, name in enumerate(self.section.show):
            if complaint := FIELDS.build(name).complaint(columns, self.section.baseline):
                raise UserError(f"{self.where('show', place)}: {name}: {complaint}")

    def mean_of(self, place: int) -> tuple[int, ...]:
        """The places of the columns that a column is the mean of."""
        section, where = self.columns[place], self.where("columns", place)
        before = tuple(other for other in range(place) if self._same_method(other, place))
        places = before if section.mean_of == "all" else tuple(number - 1 for number in section.mean_of)
        if not places:
            raise UserError(f"{where}: mean_of: there are no columns before it")
        for other in places:
            if not 0 <= other < len(self.columns) or other == place or self.columns[other].mean_of:
                raise UserError(f"{where}: mean_of: {other + 1} is no other column with values")
            part = self.columns[other]
            if not self._same_method(other, place):
                raise UserError(f"{where}: mean_of: column {other + 1} is of another method")
            if (part.metric, part.over) != (section.metric, section.over):
                mixed = part.metric if part.metric != section.metric else f"{part.metric} over {part.over}"
                raise UserError(
                    f"{where}: mean_of: column {other + 1} is {mixed!r}, and this one {section.metric!r}"
                    f"{f' over {section.over!r}' if section.over else ''}: a table never mixes metrics"
                )
        return places

    def _same_method(self, one: int, other: int) -> bool:
        return self.column_method(self.columns[one]) == self.column_method(self.columns[other])

    def is_ours(self, column: ColumnSection, row: RowSection, cell: Cell) -> bool:
        """Returns whether the suite's cell provides what a table's cell asks for: that network, and that metric."""
        measured = column.metric in COSTS or cell.task.info.declared(column.metric or "") is not None
        return measured and self._model(column, row) in (None, network(cell)) and not column.mean_of

    def published_model(self, column: ColumnSection, row: RowSection) -> str:
        """The network whose published numbers a cell shows."""
        named, task = self._model(column, row), self.task_of(column, row)
        if named or column.mean_of:
            return named or ""
        own = network(self.cells[task]) if task in self.cells else None
        method = self.method_of(column, row)
        quantity = (method, column.metric)
        models = {one.model for one in self.numbers(self.registered(task)) if (one.method, one.metric) == quantity}
        if own in models or not models:
            return own or ""
        if own is not None or len(models) > 1:
            where = self.where(*self._row_location(row))
            raise UserError(f"{where}: {method} was published with {', '.join(sorted(models))}: name the model")
        return next(iter(models))

    def where(self, *location: str | int) -> str:
        return self._file.where("tables", self.place, *location)

    def _model(self, column: ColumnSection, row: RowSection) -> str | None:
        """The network that the file names for a cell."""
        return row.model or column.model or self.section.model

    def _check_task(self, task: str | None, *location: str | int) -> None:
        known = {*self.suite.tasks, *(cell.task.name for cell in self.cells.values()), *self._published}
        if task is not None and task not in known:
            raise self._unknown(f"task {task!r}", task, known, *location)

    def _check_quotation(
        self,
        model: str | None,
        setting: str | None,
        over: str | None,
        numbers: Sequence[PublishedNumber],
        *location: str | int,
    ) -> None:
        models = {number.model for number in numbers} | {network(cell) for cell in self.used_cells}
        overs = {number.over for number in numbers if number.over} | self.known_names()
        if model and model not in models:
            raise self._unknown(f"model {model!r}", model, models, *location)
        if setting and setting not in (settings := {number.setting for number in numbers}):
            raise self._unknown(f"setting of published numbers {setting!r}", setting, settings - {""}, *location)
        if over and over not in overs:
            raise self._unknown(f"method {over!r} that gains could be over", over, overs, *location)

    def known_names(self) -> set[str]:
        """The names that a baseline or a gain may have."""
        return {row.method for row in self.rows} | {self.column_method(column) for column in self.columns} - {""}

    def _row_location(self, row: RowSection) -> tuple[str | int, ...]:
        """Returns the location of a row in the file, as far as no sweep before it has become several rows."""
        if self.section.rows is None:
            return ()
        points = {point for of in self._file.sweeps.values() for point in of}
        place = self.rows.index(row)
        return ("rows",) if any(other.method in points for other in self.rows[:place]) else ("rows", place)

    def _unknown(self, what: str, name: str, known: Iterable[str], *location: str | int) -> UserError:
        return UserError(f"{self.where(*location)}: unknown {what}{nearest(name, known)}")


def by_task(numbers: Iterable[PublishedNumber]) -> dict[str, list[PublishedNumber]]:
    found: dict[str, list[PublishedNumber]] = defaultdict(list)
    for number in numbers:
        found[number.task].append(number)
    return dict(found)


def network(cell: Cell) -> str:
    """The network that a cell trains."""
    return str(cell.resolve_task().params["model"])
