"""From the state of a suite to its tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path

from ..registry import UserError
from ..registry.errors import nearest
from ..results import (
    COSTS,
    Column,
    Counts,
    Entry,
    PublishedNumber,
    Table,
    TableRow,
    build_table,
    load_published,
    render,
)
from ..results.atomic import atomic_file, make_folder
from .overview import CellState
from .plan import Cell, Plan
from .table_section import ColumnSection, RowSection, TableSection

FILES = {"markdown": ".md", "csv": ".csv", "latex": ".tex", "html": ".html", "json": ".json"}


def make_tables(plan: Plan, states: Sequence[CellState]) -> dict[str, Table]:
    """Every table of the suite by name; one for each task where the suite names none. Gaps stay gaps.

    Raises `UserError` naming file, line and field for a task, method, metric or protocol that neither the suite nor any
    publication knows.
    """
    suite = plan.file.suite
    sections = suite.tables or tuple(TableSection.model_validate({"name": task, "task": task}) for task in suite.tasks)
    published = load_published()
    return {
        section.name: _Builder(plan, states, section, place, published).table()
        for place, section in enumerate(sections)
    }


def write_tables(tables: Mapping[str, Table], folder: Path) -> None:
    """Each table in every form."""
    make_folder(folder)
    for name, table in tables.items():
        for form, suffix in FILES.items():
            with atomic_file(folder / f"{name}{suffix}") as file:
                file.write(render(table, form).encode())


class _Builder:
    """One table from its section."""

    def __init__(
        self,
        plan: Plan,
        states: Sequence[CellState],
        section: TableSection,
        place: int,
        published: Sequence[PublishedNumber],
    ) -> None:
        self.suite, self.file, self.section, self.place = plan.file.suite, plan.file, section, place
        self.states = {(state.cell.name, state.cell.method): state for state in states}
        self.cells: dict[str, Cell] = {cell.name: cell for cell in reversed(plan.cells)}
        self.published = published

    def table(self) -> Table:
        variants = {cell.variant for cell in self._used_cells()}
        if len(variants) > 1:
            raise UserError(f"{self._where()}: has mini and full tasks: make a table of each")
        return build_table(
            [self._row(row) for row in self.rows],
            [self._column(place) for place in range(len(self.columns))],
            variant="mini" if variants == {"mini"} else "full",
            published=self.published,
            baseline=self.section.baseline,
            title=self.section.title or self._default_title(),
            label=self.section.label or f"tab:{self.section.name}",
            show=self.section.show,
        )

    @cached_property
    def rows(self) -> Sequence[RowSection]:
        if self.section.rows is not None:
            return self.section.rows
        if self.section.task not in self.suite.tasks:
            raise UserError(f"{self._where()}: names no rows, and no task of the suite whose methods they could be")
        return [RowSection.model_validate({"method": method}) for method in self.suite.methods_of(self.section.task)]

    @cached_property
    def columns(self) -> Sequence[ColumnSection]:
        if self.section.columns is not None:
            return self.section.columns
        if self.section.task not in self.cells:
            raise UserError(f"{self._where()}: names no columns, and no task of the suite whose metrics they could be")
        return [
            ColumnSection.model_validate({"metric": metric.name})
            for metric in self.cells[self.section.task].task.info.metrics
        ]

    def _column(self, place: int) -> Column:
        section = self.columns[place]
        names = {self._task_of(section, row) for row in self.rows}
        tasks = {self._published_name(name) for name in names}
        if len(tasks) > 1:
            raise UserError(f"{self._where('columns', place)}: its rows are of the tasks {sorted(tasks)}: one a column")
        (task,) = tasks
        cell = next((self.cells[name] for name in sorted(names) if name in self.cells), None)
        self._check_metric(section, place, task, cell)
        known = {metric.name: metric for metric in cell.task.info.metrics} if cell else {}
        metric = known.get(section.metric)
        unit = metric.unit if metric else self._unit(task, section.metric)
        protocol = section.selection or self.section.selection or (cell.protocol if cell else "val")
        self._check_protocol(protocol, place, cell)
        return Column(
            task=task,
            metric=section.metric,
            unit=unit,
            higher_is_better=metric.higher_is_better if metric else True,
            selection=protocol,
            selection_metric=cell.selection_metric(protocol) if cell else "",
            setting=section.setting,
            decimals=self.section.decimals if section.decimals is None else section.decimals,
            label=section.label or f"{section.metric} [{unit}]",
            group=section.group,
            mean_of=self._mean_of(section, place),
        )

    def _row(self, row: RowSection) -> TableRow:
        self._check_method(row)
        method = self.suite.methods.get(row.method)
        return TableRow(
            method=row.method,
            entries=[self._entry(row, place) for place in range(len(self.columns))],
            label=row.label or (method.label if method and method.label else row.method),
            group=row.group,
            setting=row.setting,
        )

    def _entry(self, row: RowSection, place: int) -> Entry:
        """What the row brings to a column; its records under the names that this suite gives them."""
        section = self.columns[place]
        state = self.states.get((self._task_of(section, row), row.method))
        if state is None or section.mean_of:
            return Entry(model=row.model or section.model or "")
        names = {"method": state.cell.method, "task": state.cell.task.name}
        selected = state.under(section.selection or self.section.selection)
        return Entry(
            runs=[record.model_copy(update=names) for record in selected.records],
            seeds=self.suite.seeds,
            model=str(state.cell.resolve_task().params["model"]),
            search=_counts(state) if state.trials else None,
            search_seconds=state.search_seconds,
        )

    def _task_of(self, column: ColumnSection, row: RowSection) -> str:
        name = column.task or row.task or self.section.task
        if name is None:
            raise UserError(f"{self._where()}: column {column.metric!r} has no task: name one there, or in the table")
        return name

    def _published_name(self, name: str) -> str:
        return self.cells[name].task.name if name in self.cells else name

    def _unit(self, task: str, metric: str) -> str:
        """Of a metric that no task of the suite has."""
        if metric in COSTS:
            return COSTS[metric].unit
        units = [number.unit for number in self.published if (number.task, number.metric) == (task, metric)]
        return next((unit for unit in units if unit != "points"), "%")

    def _mean_of(self, section: ColumnSection, place: int) -> tuple[int, ...]:
        places = tuple(range(place)) if section.mean_of == "all" else tuple(number - 1 for number in section.mean_of)
        for other in places:
            if not 0 <= other < len(self.columns) or other == place or self.columns[other].mean_of:
                raise UserError(f"{self._where('columns', place)}: mean_of: {other + 1} is no other column with values")
            if self.columns[other].metric != section.metric:
                raise UserError(
                    f"{self._where('columns', place)}: a mean of {self.columns[other].metric!r} as "
                    f"{section.metric!r}: a table never mixes metrics"
                )
        return places

    def _used_cells(self) -> list[Cell]:
        names = {self._task_of(column, row) for column in self.columns for row in self.rows}
        return [self.cells[name] for name in sorted(names) if name in self.cells]

    def _default_title(self) -> str:
        cells = self._used_cells()
        return cells[0].task.info.title if cells else self.section.name

    def _check_metric(self, section: ColumnSection, place: int, task: str, cell: Cell | None) -> None:
        known = {number.metric for number in self.published if number.task == task}
        known |= {metric.name for metric in cell.task.info.metrics} if cell else set()
        if not known:
            tasks = {*self.suite.tasks, *(number.task for number in self.published)}
            raise UserError(f"{self._where('columns', place)}: unknown task {task!r}{nearest(task, tasks)}")
        if section.metric not in {*known, *COSTS}:
            close = nearest(section.metric, {*known, *COSTS})
            raise UserError(f"{self._where('columns', place)}: {task} has no metric {section.metric!r}{close}")

    def _check_method(self, row: RowSection) -> None:
        tasks = {self._task_of(column, row) for column in self.columns}
        ours = {method for task in tasks & self.suite.tasks.keys() for method in self.suite.methods_of(task)}
        theirs = {number.method for number in self.published if number.task in set(map(self._published_name, tasks))}
        if row.method not in ours | theirs:
            raise UserError(
                f"{self._where('rows')}: neither the suite nor a publication has a method {row.method!r} on "
                f"{', '.join(sorted(tasks))}{nearest(row.method, ours | theirs)}"
            )

    def _check_protocol(self, protocol: str, place: int, cell: Cell | None) -> None:
        if cell is not None and protocol not in cell.protocols:
            raise UserError(
                f"{self._where('columns', place)}: {cell.name} has no selection protocol {protocol!r}"
                f"{nearest(protocol, cell.protocols)}"
            )

    def _where(self, *location: str | int) -> str:
        return self.file.where("tables", self.place, *location)


def _counts(state: CellState) -> Counts:
    return Counts(state.counts.get("finished", 0), state.counts.get("pruned", 0), state.counts.get("failed", 0))
