"""From the state of a suite to its tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from ..results import Column, Counts, Table, TableRow, build_table, load_published, render
from ..results.atomic import atomic_file, make_folder
from .overview import CellState
from .plan import Plan
from .schema import TableSection

FILES = {"markdown": ".md", "csv": ".csv", "latex": ".tex", "json": ".json"}


def make_tables(plan: Plan, states: Sequence[CellState]) -> dict[str, Table]:
    """Every table of the suite by name; one for each task where the suite names none. Gaps stay gaps."""
    suite = plan.file.suite
    sections = suite.tables or tuple(TableSection.model_validate({"name": task, "task": task}) for task in suite.tasks)
    return {section.name: _table(plan, states, section) for section in sections}


def write_tables(tables: Mapping[str, Table], folder: Path) -> None:
    """Each table as Markdown, CSV, LaTeX and JSON."""
    make_folder(folder)
    for name, table in tables.items():
        for form, suffix in FILES.items():
            with atomic_file(folder / f"{name}{suffix}") as file:
                file.write(render(table, form).encode())


def _table(plan: Plan, states: Sequence[CellState], section: TableSection) -> Table:
    by_method = {state.cell.method: state for state in states if state.cell.name == section.task}
    methods = section.methods or plan.file.suite.methods_of(section.task)
    shown = [by_method[method] for method in methods]
    cell = shown[0].cell
    protocol = section.selection or cell.protocol
    wanted = section.metrics or tuple(metric.name for metric in cell.task.info.metrics)
    metrics = {metric.name: metric for metric in cell.task.info.metrics}
    return build_table(
        [_row(state, plan.file.suite.seeds, protocol) for state in shown],
        [
            Column(
                task=cell.task.name,
                metric=name,
                unit=metrics[name].unit,
                higher_is_better=metrics[name].higher_is_better,
                selection=protocol,
                decimals=section.decimals,
                label=f"{name} [{metrics[name].unit}]",
            )
            for name in wanted
        ],
        variant=cell.variant,
        published=load_published() if cell.variant == "full" else (),
        baseline=section.baseline,
        title=section.title or cell.task.info.title,
    )


def _row(state: CellState, seeds: Sequence[int], protocol: str) -> TableRow:
    """The method's row; its records under the names that this suite gives them, whichever suite made them."""
    task = state.cell.task.name
    names = {"method": state.cell.method, "task": task}
    ended = Counts(state.counts.get("finished", 0), state.counts.get("pruned", 0), state.counts.get("failed", 0))
    return TableRow(
        method=state.cell.method,
        seeds=seeds,
        runs=[record.model_copy(update=names) for record in state.under(protocol).records],
        label=state.cell.label,
        models={task: str(state.cell.resolve_task().params["model"])},
        search={task: ended} if state.trials else {},
    )
