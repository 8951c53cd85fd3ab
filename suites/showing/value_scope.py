"""The names in a table whose rows are values: of a parameter, of the task sections or of the seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from provbench.registry.base import UserError
from provbench.results.tables import Column, PublishedNumber, RowRuns, TableRow, opponent

from ..file import ColumnSection, RowSection, TableSection, ValueRows, ValueSection
from ..planning import Cell, Plan
from .table_scope import TableScope

TASK, SEED = "task", "seed"
_ABSENT = object()


def scope_of(
    plan: Plan, section: TableSection, place: int, published: Mapping[str, Sequence[PublishedNumber]]
) -> TableScope:
    """Returns what the names of a table mean, whatever its rows are."""
    if isinstance(section.rows, ValueRows):
        return ValueScope(plan, section, section.rows, place, published)
    return TableScope(plan, section, place, published)


class ValueScope(TableScope):
    """A cell of the table is the suite's cell of the column's method, or of one of its points, that has the value.

    Where two of the suite's cells have it, the table does not say which is meant, and is refused. Where none has it,
    the table's cell stays empty.
    """

    def __init__(
        self,
        plan: Plan,
        section: TableSection,
        by: ValueRows,
        place: int,
        published: Mapping[str, Sequence[PublishedNumber]],
    ) -> None:
        super().__init__(plan, section, place, published)
        self._plan, self._by, self.rows_by = plan, by, by.by

    @cached_property
    def values(self) -> dict[str, ValueSection]:
        """The values by the names of their rows, such as `alpha=0.1`."""
        self._check_parameter()
        named = self._by.values or [ValueSection.model_validate({"value": value}) for value in self._known_values()]
        values = {f"{self.rows_by.rpartition('.')[2]}={one.value}": one for one in named}
        if len(values) < len(named):
            raise UserError(f"{self.where('rows', 'values')}: has a value twice")
        return values

    @cached_property
    def rows(self) -> Sequence[RowSection]:
        return [
            RowSection.model_validate({"method": name, **one.model_dump(include={"label", "group", "setting"})})
            for name, one in self.values.items()
        ]

    def column_method(self, column: ColumnSection) -> str:
        place, method = self.columns.index(column), column.method or self._by.method
        if method is None:
            raise UserError(
                f"{self.where('columns', place)}: rows are values of {self.rows_by} here: name its method, or one for "
                "all columns by `method` of the rows"
            )
        numbers = [number for task in self._published for number in self.numbers(task)]
        known = {*self.suite.methods, *self._file.sweeps}
        if method not in known and method not in {number.method for number in numbers}:
            location = ("columns", place, "method") if column.method else ("rows", "method")
            raise self._unknown(f"method {method!r}", method, known, *location)
        return method

    def method_of(self, column: ColumnSection, row: RowSection) -> str:
        return self.column_method(column)

    def cell_name(self, column: ColumnSection, row: RowSection) -> tuple[str, str] | None:
        cell = None if column.mean_of else self._cell(column, self.values[row.method].value)
        return None if cell is None else (cell.name, cell.method)

    def task_of(self, column: ColumnSection, row: RowSection) -> str:
        if column.mean_of:
            return column.task or ""
        if name := self.cell_name(column, row):
            return name[0]
        candidates = self._candidates(column)
        return candidates[0].name if candidates else super().task_of(column, row)

    def seeds_of(self, row: RowSection) -> Sequence[int]:
        return (self.values[row.method].value,) if self.rows_by == SEED else self.suite.seeds

    def check_row(self, row: RowSection) -> None:
        """Some cell has its value, or it has published numbers, of a setting that exists."""
        value, where = self.values[row.method].value, self._row_location(row)
        columns = [column for column in self.columns if not column.mean_of]
        if row.setting is None and not any(self._cell(column, value) for column in columns):
            known = ", ".join(map(str, self._known_values()))
            raise UserError(f"{self.where(*where)}: no run of the columns' methods has {row.method}; known: {known}")
        tasks = {self.registered(self.task_of(column, row)) for column in columns}
        numbers = [number for task in tasks for number in self.numbers(task)]
        self._check_quotation(None, row.setting, None, numbers, *where)

    def check_shown(self, columns: Sequence[Column]) -> None:
        super().check_shown(columns)
        rows, methods = set(self.values), {column.method for column in columns}
        overs = {column.over for column in columns if column.over}
        for name, where in [(self.section.baseline, "baseline"), *((over, "columns") for over in sorted(overs))]:
            if name is not None:
                self._check_compared(name, where, rows, methods)
        self._check_opponents(columns)

    def _check_compared(self, name: str, where: str, rows: set[str], methods: set[str]) -> None:
        """Raises `UserError` where the reference of tests or gains cannot be compared with."""
        if where == "baseline" and name not in rows | methods:
            raise self._unknown(f"baseline {name!r}, a row or a column's method", name, rows | methods, where)
        if where == "baseline" and self.rows_by == SEED:
            raise UserError(f"{self.where(where)}: rows are seeds here, and a test needs several in one cell")
        if name in rows and self.rows_by in (TASK, SEED):
            raise UserError(
                f"{self.where(where)}: {name!r} is a row, and rows of different {self.rows_by}s are not compared: name "
                "a column's method"
            )
        if methods == {name}:
            raise UserError(f"{self.where(where)}: {name!r} is the method of every column: there is no other")

    def _check_opponents(self, columns: Sequence[Column]) -> None:
        """Every column of another method has the one that it is compared with."""
        row = TableRow("", [RowRuns(seeds=self.suite.seeds)])
        for place, column in enumerate(columns):
            try:
                opponent([row], columns, (0, place), column.over or self.section.baseline or "")
            except UserError as error:
                raise UserError(f"{self.where('columns', place)}: {error}") from None

    def published_model(self, column: ColumnSection, row: RowSection) -> str:
        if row.setting is None:
            return self._model(column, row) or ""
        return super().published_model(column, row)

    def _cell(self, column: ColumnSection, value: Any) -> Cell | None:
        """The suite's cell that has a value. Raises `UserError` where several have it."""
        found = [cell for cell in self._candidates(column) if self._has(cell, value)]
        if len(found) > 1:
            names = ", ".join(f"{cell.name}/{cell.method}" for cell in found)
            raise UserError(
                f"{self.where('columns', self.columns.index(column))}: {self.rows_by} {value} is of {len(found)} cells "
                f"of the suite, {names}: name a method or a task section that has it once"
            )
        return found[0] if found else None

    def _has(self, cell: Cell, value: Any) -> bool:
        if self.rows_by == SEED:
            return not isinstance(value, bool) and value in self.suite.seeds
        own = self._value(cell)
        return own == value and isinstance(own, bool) == isinstance(value, bool)

    def _value(self, cell: Cell) -> Any:
        if self.rows_by == TASK:
            return cell.name
        return self._parameters[cell].get(self.rows_by, _ABSENT)

    @cached_property
    def _parameters(self) -> dict[Cell, dict[str, Any]]:
        return {cell: cell.spec(0, "final", "").parameters for cell in self._plan.cells}

    def _candidates(self, column: ColumnSection) -> list[Cell]:
        """The suite's cells that a column may show."""
        method, task = self.column_method(column), column.task or self.section.task
        points = self._file.sweeps.get(method, {method: {}})
        return [
            cell
            for cell in self._plan.cells
            if cell.method in points
            and (task in (None, cell.name) or (task not in self.suite.tasks and task == cell.task.name))
        ]

    @cached_property
    def _all_candidates(self) -> list[Cell]:
        columns = [column for column in self.columns if not column.mean_of]
        return list(dict.fromkeys(cell for column in columns for cell in self._candidates(column)))

    def _known_values(self) -> list[Any]:
        """The values that the columns' cells have, in the order of the suite."""
        if self.rows_by == SEED:
            return list(self.suite.seeds)
        found: list[Any] = []
        for cell in self._all_candidates:
            value = self._value(cell)
            found += [value] if value is not _ABSENT and value not in found else []
        return found

    def _check_parameter(self) -> None:
        """The rows are by something that the cells have, and that no search varies."""
        if self.rows_by in (TASK, SEED):
            return
        if not any(cell.knows(self.rows_by) for cell in self._all_candidates):
            known = {TASK, SEED, *(name for cell in self._all_candidates for name in cell.parameters())}
            raise self._unknown(f"parameter {self.rows_by!r}", self.rows_by, known, "rows", "by")
        if searched := [cell for cell in self._all_candidates if self.rows_by in self._plan.spaces(cell)]:
            raise UserError(
                f"{self.where('rows', 'by')}: {self.rows_by} is searched for {searched[0].method}, so its runs have no "
                "value until then: take it out of search.space, or sweep it"
            )

    def _row_location(self, row: RowSection) -> tuple[str | int, ...]:
        return ("rows",) if self._by.values is None else ("rows", "values", self.rows.index(row))
