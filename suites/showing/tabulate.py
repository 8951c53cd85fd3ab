"""Makes a suite's tables from its state."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from provbench.registry import FULL, REGULARIZERS, Variant
from provbench.registry.base import UserError, atomic_file, make_folder
from provbench.results.store import Counts, RunRecord
from provbench.results.tables import (
    COSTS,
    Column,
    PublishedNumber,
    RowRuns,
    Samples,
    Table,
    TableRow,
    build_table,
    load_published,
    no_samples,
    render,
)

from ..file import ColumnSection, RowSection, TableSection
from ..planning import Cell, Plan, code_notes
from .overview import CellState
from .setting_notes import setting_notes
from .table_scope import TableScope, by_task, network
from .value_scope import scope_of

FILES = {"markdown": ".md", "csv": ".csv", "latex": ".tex", "html": ".html", "json": ".json"}


def make_tables(plan: Plan, states: Sequence[CellState], samples: Samples = no_samples) -> dict[str, Table]:
    """Every table of the suite by name; one for each task where the suite names none. Gaps stay gaps.

    samples: predictions by run key and split, for the statistics that need them.

    Raises `UserError` naming file, line and field for a task, method, metric, protocol, network or setting that neither
    the suite nor any publication knows, and for a statistic that is unknown or that the table cannot show.
    """
    suite, published = plan.file.suite, load_published()
    sections = suite.tables or tuple(TableSection.model_validate({"name": task, "task": task}) for task in suite.tasks)
    names = [section.name for section in sections]
    for place, name in enumerate(names):
        if name in names[:place]:
            raise UserError(f"{plan.file.where('tables', place, 'name')}: another table has the name {name!r}")
    tasks = by_task(published)
    return {
        section.name: _Builder(scope_of(plan, section, place, tasks), states, samples).table(published)
        for place, section in enumerate(sections)
    }


def write_tables(tables: Mapping[str, Table], folder: Path) -> None:
    """Each table in every form."""
    make_folder(folder)
    for name, table in tables.items():
        for form, suffix in FILES.items():
            with atomic_file(folder / f"{name}{suffix}") as file:
                file.write(render(table, form).encode())


def notes_on_code(states: Iterable[CellState]) -> list[str]:
    """Returns a note for each group of records that were made by other code than is loaded now."""
    return code_notes(other for state in states for other in state.others)


class _Builder:
    """One table from its section."""

    def __init__(self, scope: TableScope, states: Sequence[CellState], samples: Samples) -> None:
        self.samples = samples
        self.scope, self.section, self.suite = scope, scope.section, scope.suite
        self._known: dict[Any, tuple[Sequence[RunRecord], dict[Any, Any]]] = {}
        self.states: dict[tuple[str, str] | None, CellState] = {
            (state.cell.name, state.cell.method): state for state in states
        }

    def table(self, published: Sequence[PublishedNumber]) -> Table:
        scope, section = self.scope, self.section
        scope.check_table()
        columns = [self._column(place) for place in range(len(scope.columns))]
        scope.check_shown(columns)
        rows = [self._row(row) for row in scope.rows]
        cells = scope.used_cells
        table = build_table(
            rows,
            columns,
            variant=_variant(cells, scope.where()),
            published=published,
            baseline=section.baseline,
            title=section.title or (cells[0].task.info.title if cells else section.name),
            label=section.label or f"tab:{section.name}",
            show=section.show,
            samples=self.samples,
            rows_by=scope.rows_by,
        )
        places = dict.fromkeys(scope.cell_name(column, row) for column in scope.columns for row in scope.rows)
        used = [self.states[place] for place in places if place in self.states]
        return replace(table, notes=(*table.notes, *setting_notes(self._shown()), *notes_on_code(used)))

    def _shown(self) -> Iterator[tuple[CellState, str]]:
        """Yields the state of each of the suite's cells in the table, with the protocol that its column names."""
        for column in self.scope.columns:
            for row in self.scope.rows:
                state = self.states.get(self.scope.cell_name(column, row))
                if state is not None and self.scope.is_ours(column, row, state.cell):
                    yield state, self._protocol(column, state.cell)

    def _protocol(self, column: ColumnSection, cell: Cell | None) -> str:
        return column.selection or self.section.selection or (cell.protocol if cell else "")

    def _column(self, place: int) -> Column:
        section = self.scope.columns[place]
        task, cell = self.scope.column_task(place)
        self.scope.check_column(place, task, cell)
        plain = self._mean(place, task) if section.mean_of else self._score(place, task, cell)
        method = self.scope.column_method(section)
        title = self.scope.label(method) if method else ""
        return replace(
            plain,
            label=section.label or (f"{title} {plain.label}" if section.method else plain.label),
            method=method,
            method_label=title,
            section=(section.task or self.section.task or "") if method else "",
            group=section.group,
            setting=self.section.setting if section.setting is None else section.setting,
            decimals=self.section.decimals if section.decimals is None else section.decimals,
        )

    def _score(self, place: int, task: str, cell: Cell | None) -> Column:
        """A metric, or the gain in it."""
        section, metric = self.scope.columns[place], self.scope.metric(place, task, cell)
        unit = "points" if section.over and metric.unit == "%" else metric.unit
        protocol = self._protocol(section, cell)
        return Column(
            task=task,
            metric=metric.name,
            unit=unit,
            higher_is_better=metric.higher_is_better,
            selection=protocol,
            selection_metric=cell.selection_metric(protocol) if cell else "",
            selection_higher_is_better=cell.higher_is_better(protocol) if cell else True,
            selection_unit=cell.task.info.metric(cell.selection_metric(protocol)).unit if cell else "%",
            epoch="" if metric.name in COSTS else section.epoch or self.section.epoch or "",
            label=f"{metric.name}{f' over {section.over}' if section.over else ''}"
            f"{f', {section.epoch}' if section.epoch else ''} [{unit}]",
            over=section.over or "",
            declared=cell is not None and metric.name in {one.name for one in cell.task.info.metrics},
        )

    def _mean(self, place: int, task: str) -> Column:
        """task: that of the published means, or "" for none."""
        if task:
            self.scope.metric(place, task, None)
        places = self.scope.mean_of(place)
        parts = [self._column(part) for part in places]
        if len({part.unit for part in parts}) > 1:
            raise UserError(f"{self.scope.where('columns', place)}: mean_of: its columns have different units")
        return replace(parts[0], task=task, label=f"mean {parts[0].metric} [{parts[0].unit}]", mean_of=places)

    def _row(self, row: RowSection) -> TableRow:
        self.scope.check_row(row)
        return TableRow(
            method=row.method,
            entries=[self._entry(column, row) for column in self.scope.columns],
            label=row.label or self.scope.label(row.method),
            group=row.group,
            setting=row.setting,
            over=row.over or "",
        )

    def _entry(self, column: ColumnSection, row: RowSection) -> RowRuns:
        """Returns what the row contributes to a column; its records have the names that this suite gives them."""
        state = self.states.get(self.scope.cell_name(column, row))
        if state is None or not self.scope.is_ours(column, row, state.cell):
            return RowRuns(model=self.scope.published_model(column, row))
        seeds, by_value = self.scope.seeds_of(row), bool(self.scope.rows_by)
        runs, memo = self._runs(state, column.selection or self.section.selection, seeds)
        return RowRuns(
            runs=runs,
            seeds=seeds,
            model=network(state.cell),
            search=_counts(state) if state.trials else None,
            search_seconds=state.search_seconds,
            method=state.cell.method if by_value else "",
            section=state.cell.name if by_value else "",
            uses_groups=uses_groups(state.cell),
            memo=memo,
        )

    def _runs(
        self, state: CellState, protocol: str | None, seeds: Sequence[int]
    ) -> tuple[Sequence[RunRecord], dict[Any, Any]]:
        """Returns a cell's runs of these seeds, and what columns of them share; made once for all columns."""
        key = (state.cell.name, state.cell.method, protocol, tuple(seeds))
        if key not in self._known:
            names, wanted = {"method": state.cell.method, "task": state.cell.task.name}, set(seeds)
            records = [record for record in state.under(protocol).records if record.seed in wanted]
            self._known[key] = [_named(record, names) for record in records], {}
        return self._known[key]


def _named(record: RunRecord, names: Mapping[str, str]) -> RunRecord:
    """Returns a record under this suite's names."""
    same = all(getattr(record, field) == name for field, name in names.items())
    return record if same else record.model_copy(update=names)


def uses_groups(cell: Cell) -> bool:
    """Returns whether the runs of a cell know the group of each training sample."""
    if any(REGULARIZERS.get(part.name).uses_groups for part in cell.regularizers):
        return True
    return cell.resolve_task().params.get("sampling", "uniform") != "uniform"


def _variant(cells: Sequence[Cell], where: str) -> Variant:
    """Returns the variant of a table's tasks, which have one name; `FULL` for published numbers only."""
    variants = [cell.variant for cell in cells] or [FULL]
    names = list(dict.fromkeys(variant.name for variant in variants))
    if len(names) > 1:
        raise UserError(f"{where}: has {' and '.join(names)} tasks: make a table of each")
    banners = dict.fromkeys(variant.banner for variant in variants if variant.banner)
    shows_published = all(variant.shows_published for variant in variants)
    return Variant(names[0], banner="; ".join(banners), shows_published=shows_published)


def _counts(state: CellState) -> Counts:
    return Counts(state.counts.get("finished", 0), state.counts.get("pruned", 0), state.counts.get("failed", 0))
