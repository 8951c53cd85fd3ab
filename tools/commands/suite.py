"""`provbench plan`, `run`, `status` and `tables`: a suite from its file to its tables."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from ...registry.errors import MissingDataError
from ..options import DEFAULT_DATA, DEFAULT_OUT, DataOption, JsonOption, OutOption, PluginOption, SuiteArgument
from ..show import print_json, print_rows, print_table

if TYPE_CHECKING:
    from ...suites.driver import Output, Tally
    from ...suites.overview import CellState
    from ...suites.plan import Plan


def add_to(app: typer.Typer) -> None:
    for command in (plan, run, status, tables):
        app.command()(command)


def plan(
    suite: SuiteArgument,
    out: OutOption = DEFAULT_OUT,
    data: DataOption = DEFAULT_DATA,
    plugin: PluginOption = None,
    json: JsonOption = False,
) -> None:
    """Check a suite, and show the runs that it needs. Trains nothing."""
    planned = _plan(suite, plugin)
    states, note = _survey_or_gaps(planned, out, data)
    known = {(state.cell.name, state.cell.method): state for state in states}
    rows = []
    for cell in planned.cells:
        state = known[cell.name, cell.method]
        space = planned.spaces(cell)
        trials = planned.file.suite.search.trials if space else 0
        rows.append(
            {
                "task": cell.name,
                "variant": cell.variant,
                "method": cell.method,
                "trials": trials,
                "search": sorted(space),
                "seeds": list(planned.file.suite.seeds),
                "finished": state.done,
                "keys": [spec.key for spec in state.specs or ()],
            }
        )
    if json:
        print_json({"suite": planned.file.suite.name, "cells": rows, "note": note})
        return
    header = ("task", "variant", "method", "trials", "seeds", "finished", "keys")
    print_rows(header, [(*(row[name] for name in header[:-1]), _short(row["keys"])) for row in rows])
    total = sum(row["trials"] + len(row["seeds"]) for row in rows)
    print(f"{total} runs in all, {sum(row['finished'] for row in rows)} final ones finished")
    if note:
        print(note)


def run(
    suite: SuiteArgument,
    out: OutOption = DEFAULT_OUT,
    data: DataOption = DEFAULT_DATA,
    jobs: Annotated[int | None, typer.Option(min=1, help="Runs at a time; default: one a GPU, or one a core.")] = None,
    threads: Annotated[
        int | None, typer.Option(min=1, help="CPU threads of a run; default 1, more beside GPUs.")
    ] = None,
    workers: Annotated[int, typer.Option(min=0, help="Processes that load data, for each run.")] = 0,
    executor: Annotated[str, typer.Option(help="Where runs are executed: local, inline, or a plugin's.")] = "local",
    keep: Annotated[Literal["none", "final"], typer.Option(help="Whose weights to keep.")] = "none",
    track: Annotated[
        list[str] | None, typer.Option(help="Mirror the records to a tracker: wandb, or a plugin's; may be repeated.")
    ] = None,
    retry_failed: Annotated[bool, typer.Option(help="Run again what had failed.")] = False,
    plugin: PluginOption = None,
    json: JsonOption = False,
) -> None:
    """Run a suite: prepare its data, search, train every seed, and print the tables. Goes on where it was left."""
    from ...registry import EXECUTORS, TRACKERS
    from ...suites.driver import Driver, Output
    from ...suites.observer import Observers
    from ...suites.spec import Place
    from ...suites.trackers import Tracking
    from ..progress import ProgressDisplay

    planned, output = _plan(suite, plugin), Output(out)
    gpus = _gpus()
    jobs = jobs or gpus or os.cpu_count() or 1
    threads = threads or (max(1, (os.cpu_count() or 1) // jobs) if gpus else 1)
    place = Place(data_root=data, work_root=output.work, threads=threads, workers=workers)
    tracking = Tracking([TRACKERS.build(name) for name in track or ()], output.trackers)
    with ProgressDisplay() as display:
        observer = Observers([display, tracking])
        pool = EXECUTORS.build(executor, jobs=jobs)
        tally = Driver(planned, output, pool, place, observer, keep=keep, retry_failed=retry_failed).run()
    tracking.close()
    states = _survey(planned, out, data)
    made = _write_tables(planned, states, output)
    if json:
        print_json({"trained": tally.trained, "cached": tally.cached, "failed": tally.failed, "lost": tally.lost})
    else:
        for table in made:
            print_table(table)
        _print_tally(tally, output.suite(planned.file.suite.name))
    if tally.lost:
        raise typer.Exit(1)


def status(
    suite: SuiteArgument,
    out: OutOption = DEFAULT_OUT,
    data: DataOption = DEFAULT_DATA,
    plugin: PluginOption = None,
    json: JsonOption = False,
) -> None:
    """Show how far a suite has come."""
    planned = _plan(suite, plugin)
    states = _survey(planned, out, data)
    seeds = len(planned.file.suite.seeds)
    rows = [
        {
            "task": state.cell.name,
            "method": state.cell.method,
            "trials": f"{sum(state.counts.values())}/{state.trials}" if state.trials else "",
            "done": f"{state.done}/{seeds}",
            "failed": state.failed,
            "seconds": round(sum(record.seconds for record in state.records), 1),
            "chosen": state.chosen,
        }
        for state in states
    ]
    if json:
        print_json({"suite": planned.file.suite.name, "cells": rows})
    else:
        print_rows(list(rows[0]), [[value or "" for value in row.values()] for row in rows])


def tables(
    suite: SuiteArgument,
    out: OutOption = DEFAULT_OUT,
    data: DataOption = DEFAULT_DATA,
    format: Annotated[
        Literal["text", "markdown", "csv", "latex", "json"], typer.Option("--format", "-f", help="What to print.")
    ] = "text",
    plugin: PluginOption = None,
) -> None:
    """Make a suite's tables from the records that are there; gaps stay gaps. Writes them all beside the records."""
    from ...results import render
    from ...suites.driver import Output

    planned = _plan(suite, plugin)
    states, note = _survey_or_gaps(planned, out, data)
    if note:
        print(f"provbench: {note}", file=sys.stderr)
    for table in _write_tables(planned, states, Output(out)):
        if format == "text":
            print_table(table)
        else:
            print(render(table, format))


def _plan(suite: str, plugins: list[str] | None) -> Plan:
    from ...suites.plan import make_plan
    from ...suites.schema import load_suite

    return make_plan(load_suite(suite), tuple(plugins or ()))


def _survey(planned: Plan, out: Path, data: Path) -> list[CellState]:
    from ...suites.driver import Output
    from ...suites.overview import survey

    return survey(planned, Output(out), data)


def _survey_or_gaps(planned: Plan, out: Path, data: Path) -> tuple[list[CellState], str]:
    """The state of every cell; where data are missing, that of a suite that nothing has been done for, and why."""
    from ...suites.overview import untouched

    try:
        return _survey(planned, out, data), ""
    except MissingDataError as error:
        return untouched(planned), f"data are not ready, so there are no run keys yet: {error}"


def _write_tables(planned: Plan, states: list[CellState], output: Output) -> list[Any]:
    from ...suites.tabulate import make_tables, write_tables

    made = make_tables(planned, states)
    write_tables(made, output.suite(planned.file.suite.name) / "tables")
    return list(made.values())


def _print_tally(tally: Tally, folder: Path) -> None:
    print(f"{tally.trained} runs trained, {tally.cached} found finished; tables are in {folder / 'tables'}")
    for key, reason in tally.failed.items():
        print(f"failed: {key}: {reason}")
    for key, reason in tally.lost.items():
        print(f"lost: {key}: {reason} (the same command runs it again)")


def _gpus() -> int:
    import torch

    return torch.cuda.device_count()


def _short(keys: list[str]) -> str:
    return ", ".join(key[:8] for key in keys)
