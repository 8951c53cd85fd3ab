"""`provbench search` and `best`: a suite's searches, and what they chose."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from provbench.registry.base import UserError, nearest

from ..terminal import (
    DEFAULT_DATA,
    DEFAULT_OUT,
    AttemptsOption,
    DataOption,
    ExecutorOption,
    ExecutorParamOption,
    FailureRateOption,
    JobsOption,
    JsonOption,
    OnlyOption,
    OutOption,
    PluginOption,
    RetryFailedOption,
    StorageOption,
    SuiteArgument,
    ThreadsOption,
    TimeLimitOption,
    TrackOption,
    WorkersOption,
    build_executor,
    drive,
    note,
    plan_of,
    print_json,
    print_rows,
    print_tally,
)

if TYPE_CHECKING:
    from provbench.suites.driving import CellRuns
    from provbench.suites.planning import Cell, Plan


def add_to(app: typer.Typer) -> None:
    app.command()(search)
    app.command()(best)


def search(
    suite: SuiteArgument,
    only: OnlyOption = None,
    out: OutOption = DEFAULT_OUT,
    data: DataOption = DEFAULT_DATA,
    jobs: JobsOption = None,
    threads: ThreadsOption = None,
    workers: WorkersOption = None,
    executor: ExecutorOption = "local",
    executor_param: ExecutorParamOption = None,
    storage: StorageOption = None,
    track: TrackOption = None,
    retry_failed: RetryFailedOption = False,
    attempts: AttemptsOption = 3,
    max_failure_rate: FailureRateOption = 0.5,
    time_limit: TimeLimitOption = None,
    plugin: PluginOption = None,
    json: JsonOption = False,
) -> None:
    """Run only a suite's searches: every trial, and no final seed. Goes on where it was left."""
    from provbench.suites.driving import Output
    from provbench.suites.planning import restrict
    from provbench.suites.showing import open_begun

    from ..terminal import standing, text

    planned, output = restrict(plan_of(suite, plugin), only or ()), Output(out)
    cells = _searched_cells(planned)
    tally = drive(
        planned,
        output,
        build_executor(executor, jobs, executor_param),
        data=data,
        threads=threads,
        workers=workers,
        track=track,
        attempts=attempts,
        max_failure_rate=max_failure_rate,
        time_limit=time_limit,
        retry_failed=retry_failed,
        finals=False,
        storage=storage,
    )
    begun = open_begun(planned, output, data, storage)
    rows = [standing(planned, cell, begun) for cell in cells]
    if json:
        print_json({"suite": planned.file.suite.name, **vars(tally), "cells": rows})
    else:
        print_rows(list(rows[0]), [[text(value) for value in row.values()] for row in rows])
        print_tally(tally, "`provbench best` shows what they chose", json)
    if not tally.complete:
        raise typer.Exit(1)


def best(
    suite: SuiteArgument,
    selection: Annotated[str | None, typer.Option(help="A selection protocol; default: all.")] = None,
    trials: Annotated[int, typer.Option(min=0, help="List so many trials of each cell, best first.")] = 0,
    write: Annotated[
        Path | None, typer.Option(help="Write a suite file that runs with the chosen parameters, without a search.")
    ] = None,
    plots: Annotated[Path | None, typer.Option(help="A folder for Optuna's plots of each search.")] = None,
    out: OutOption = DEFAULT_OUT,
    data: DataOption = DEFAULT_DATA,
    storage: StorageOption = None,
    plugin: PluginOption = None,
    json: JsonOption = False,
) -> None:
    """Show what a suite's searches chose under each selection protocol, next to the suite's own parameters."""
    from provbench.suites.driving import Output
    from provbench.suites.showing import open_begun, survey

    from ..terminal import details, print_picks, print_trials

    planned, output = plan_of(suite, plugin), Output(out)
    cells = _searched_cells(planned)
    _check_selection(selection, cells)
    begun = open_begun(planned, output, data, storage)
    if json:
        found = [details(planned, cell, begun, selection, trials) for cell in cells]
        print_json({"suite": planned.file.suite.name, "cells": found})
    else:
        print_picks(planned, cells, begun, selection)
        print_trials([begun[cell] for cell in cells if cell in begun], trials)
    if write is not None:
        from provbench.suites.showing import write_chosen

        write_chosen(planned, survey(planned, output, data, storage), selection, write)
        note(f"{write}: the suite with the chosen parameters")
    if plots is not None:
        _write_plots([begun[cell] for cell in cells if cell in begun], plots)


def _searched_cells(planned: Plan) -> list[Cell]:
    cells = [cell for cell in planned.cells if planned.spaces(cell)]
    if not cells:
        raise UserError(f"{planned.file.path}: searches nothing: give `trials` in its section `search`")
    return cells


def _check_selection(selection: str | None, cells: Sequence[Cell]) -> None:
    known = {protocol for cell in cells for protocol in cell.protocols}
    if selection is not None and selection not in known:
        raise UserError(f"--selection: no task of the suite is selected by {selection!r}{nearest(selection, known)}")


def _write_plots(cells: Sequence[CellRuns], folder: Path) -> None:
    from provbench.suites.search import write_plots

    for runs in cells:
        assert runs.search is not None
        metric = f"{runs.cell.selection_metric(runs.cell.protocol)} (val)"
        made = write_plots(runs.search.study, runs.cell.name, runs.cell.method, metric, folder)
        for one in made.notes:
            note(one)
    note(f"{folder}: the plots of {len(cells)} searches")
