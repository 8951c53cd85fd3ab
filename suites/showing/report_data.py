"""Collects the data of a suite's report from a plan and an output folder."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from provbench.registry import SearchSpace
from provbench.registry.base import MissingDataError, UserError, real_files
from provbench.results.report import Report, Search, SuiteCell, Trial
from provbench.results.store import RunRecord, Store

from ..driving import CellRuns, Output
from ..planning import Cell, Plan
from ..running import git_state, package_versions
from .illustrate import make_figures
from .overview import CellState, open_begun, survey, untouched
from .synthetic_images import synthetic_images
from .tabulate import make_tables, notes_on_code


def collect_report(
    plan: Plan,
    output: Output,
    data_root: Path,
    *,
    storage: str | None = None,
    every_run: bool = False,
    options: Sequence[tuple[str, str]] = (),
    made: str = "",
) -> Report:
    """The report of a suite as far as it has come: gaps stay gaps, and so does everything where data are missing.

    storage: of the studies, default: where they were before. every_run: whether the runs of the searches get pages,
    too. options: of the command line that finds the runs. made: when, in words. Predictions and pictures are read
    later.
    """
    suite, store = plan.file.suite, output.store
    states, opened, note = _states(plan, output, data_root, storage)
    classes = {name: _class_names(cell, data_root) for name, cell in plan.sections().items()}
    return Report(
        suite=suite.name,
        description=suite.description.strip(),
        source=plan.file.path.read_text(encoding="utf-8"),
        tables=make_tables(plan, states, store.predictions),
        cells=[
            replace(
                _cell(plan, state, opened.get(state.cell), store, classes[state.cell.name]),
                synthetic=synthetic_images(state.cell, data_root),
            )
            for state in states
        ],
        figures=make_figures(plan, states),
        others=list(_search_runs(opened.values(), store)) if every_run else (),
        samples=store.predictions,
        pictures=partial(_pictures, output),
        options=options,
        note=note,
        program=_program(),
        made=made,
    )


def _states(
    plan: Plan, output: Output, data_root: Path, storage: str | None
) -> tuple[list[CellState], Mapping[Cell, CellRuns], str]:
    """The state of every cell, the runs of those that have begun, and what keeps them from being known."""
    try:
        states = survey(plan, output, data_root, storage)
        return states, open_begun(plan, output, data_root, storage), " ".join(notes_on_code(states))
    except MissingDataError as error:
        return untouched(plan), {}, f"The data are not ready, so there are no run keys yet: {error}"


def _class_names(cell: Cell, data_root: Path) -> Sequence[str]:
    """Returns the names of a task's classes; () where its data are not there to say them."""
    try:
        return tuple(cell.build_task(data_root).class_names())
    except (UserError, OSError):
        return ()


def _cell(plan: Plan, state: CellState, runs: CellRuns | None, store: Store, classes: Sequence[str]) -> SuiteCell:
    cell = state.cell
    return SuiteCell(
        section=cell.name,
        task=cell.task.name,
        title=cell.task.info.title,
        method=cell.method,
        label=cell.label,
        variant=cell.variant,
        seeds=plan.file.suite.seeds,
        selections=[state.selected.get(protocol) or state.unmade(protocol) for protocol in state.protocols],
        search=_search(plan, state, runs, store) if state.trials else None,
        classes=classes,
    )


def _search(plan: Plan, state: CellState, runs: CellRuns | None, store: Store) -> Search:
    space = {name: _axis(axis) for name, axis in plan.spaces(state.cell).items()}
    trials = list(_trials(runs, store)) if runs is not None and runs.search is not None else []
    cell = state.cell
    metric, higher = cell.selection_metric(cell.protocol), cell.higher_is_better(cell.protocol)
    return Search(metric, state.trials, trials, space, higher)


def _trials(runs: CellRuns, store: Store) -> Iterator[Trial]:
    from .trials import trial_rows

    rows = trial_rows(runs)
    known = store.reader([row.key for row in rows if row.key is not None])
    for row in rows:
        trial = Trial(row.number, row.state, row.value, row.params, row.key)
        summary = known.get(row.key) if row.key is not None else None
        yield trial if summary is None else replace(trial, seconds=summary.seconds, reason=summary.reason)


def _search_runs(opened: Iterable[CellRuns], store: Store) -> Iterator[RunRecord]:
    """The records of trials, and of the oracle's probes."""
    for runs in opened:
        if runs.search is not None:
            yield from store.records(spec.key for spec in (*runs.trial_specs(), *runs.probes()))


def _axis(space: SearchSpace) -> str:
    """`0.001 … 1, logarithmic`; `sgd, adamw`."""
    if space.choices is not None:
        return ", ".join(map(str, space.choices))
    words = [f"{space.low:g} … {space.high:g}", "whole" if space.integer else "", "logarithmic" if space.log else ""]
    return ", ".join(word for word in words if word)


def _pictures(output: Output, key: str) -> list[Path]:
    folder = output.pictures(key)
    found = (output.root / file for file in real_files(output.root, folder.relative_to(output.root)))
    return [file for file in found if file.suffix == ".png" and file.parent == folder]


def _program() -> str:
    commit, dirty = git_state()
    at = f", commit {commit[:10]}{' with uncommitted changes' if dirty else ''}" if commit else ""
    return f"provbench {package_versions()['provbench']}{at}"
