"""`provbench plan`, `run`, `status` and `tables`: a suite from its file to its tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from provbench.registry.base import UserError

from ..terminal import (
    DEFAULT_DATA,
    DEFAULT_OUT,
    HOW_TO_RETRY,
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
    complain,
    drive,
    named_runs,
    plan_of,
    print_answer,
    print_json,
    print_rows,
    print_table,
    print_tally,
    reserve_for,
    say,
)
from .downloading import bring, full_tasks_of
from .weights import fetch_missing

if TYPE_CHECKING:
    from provbench.results.tables import Table
    from provbench.suites.driving import Output
    from provbench.suites.planning import Plan
    from provbench.suites.showing import CellState
    from provbench.suites.trackers import Tracking

KeepOption = Annotated[
    Literal["none", "best", "last", "all"],
    typer.Option(help="Of which epochs final runs keep their weights; best: by the selection metric on val."),
]
FetchOption = Annotated[
    bool, typer.Option("--download", help="Fetch first what is missing of full data sets and pretrained weights.")
]
RerunOption = Annotated[
    list[str] | None,
    typer.Option(metavar="KEY|METHOD", help="Repeat finished final runs; what they replace is kept. May be repeated."),
]


def add_to(app: typer.Typer) -> None:
    for command in (plan, run, status, tables):
        app.command()(command)


def plan(
    suite: SuiteArgument,
    out: OutOption = DEFAULT_OUT,
    data: DataOption = DEFAULT_DATA,
    storage: StorageOption = None,
    effect: Annotated[
        float | None, typer.Option(metavar="POINTS", help="Also say how many seeds would find such a difference.")
    ] = None,
    spread: Annotated[
        float | None,
        typer.Option(help="Of the paired differences over seeds; default: that of the suite's finished runs."),
    ] = None,
    plugin: PluginOption = None,
    json: JsonOption = False,
) -> None:
    """Check a suite, and show the runs that it needs. Trains nothing."""
    from provbench.suites.planning import describe_missing, missing_inputs
    from provbench.suites.showing import notes_on_code

    planned = plan_of(suite, plugin)
    states, note = _survey_or_gaps(planned, out, data, storage)
    notes = notes_on_code(states)
    known = {(state.cell.name, state.cell.method): state for state in states}
    missing = missing_inputs(planned, data)
    needs = [] if effect is None else _seeds_for(planned, states, effect, spread)
    rows = [_planned_row(planned, known[cell.name, cell.method], missing.get(cell, [])) for cell in planned.cells]
    if json:
        print_json(
            {"suite": planned.file.suite.name, "cells": rows, "note": note, "notes": notes}
            | ({"effect": needs} if needs else {})
        )
        return
    _print_plan(rows, describe_missing(planned, missing) if missing else note)
    complain(notes)
    if needs:
        say(f"\nSeeds to find a difference of {effect:g} with power 0.8 at p < 0.05 after Holm's adjustment:")
        print_rows(
            list(needs[0]), [["> 10000" if value is None else value for value in need.values()] for need in needs]
        )


def _print_plan(rows: list[dict[str, Any]], remark: str) -> None:
    """Print the rows of a plan, the number of its runs, and a remark, if there is one."""
    header = ("task", "variant", "method", "trials", "seeds", "runs", "finished", "keys")
    print_rows(header, [(*(row[name] for name in header[:-1]), _short(row["keys"])) for row in rows])
    say(f"{sum(row['runs'] for row in rows)} runs in all, {sum(row['finished'] for row in rows)} final ones finished")
    if remark:
        say(remark)


def _planned_row(planned: Plan, state: CellState, missing: list[str]) -> dict[str, Any]:
    """Returns the plan's row for a cell. missing: messages about the inputs that it lacks."""
    from provbench.suites.showing import runs_needed

    cell = state.cell
    specs = [spec for selected in state.selected.values() for spec in selected.specs]
    records = {record.key: record for selected in state.selected.values() for record in selected.records}
    return {
        "task": cell.name,
        "variant": cell.variant.name,
        "method": cell.method,
        "trials": state.trials,
        "search": sorted(planned.spaces(cell)),
        "seeds": list(planned.file.suite.seeds),
        "runs": runs_needed(planned, state),
        "finished": sum(record.status == "done" for record in records.values()),
        "keys": list(dict.fromkeys(spec.key for spec in specs)),  # protocols may agree
        "missing": missing,
    }


def _seeds_for(planned: Plan, states: list[CellState], effect: float, spread: float | None) -> list[dict[str, Any]]:
    from provbench.suites.showing import make_tables, seeds_for

    found = [asdict(one) for one in seeds_for(make_tables(planned, states), effect, spread)]
    return [{**one, "spread": round(one["spread"], 3)} for one in found]


def run(
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
    keep: KeepOption = "none",
    pictures: Annotated[int, typer.Option(min=0, help="Pictures of test samples that each final run draws.")] = 4,
    track: TrackOption = None,
    retry_failed: RetryFailedOption = False,
    rerun: RerunOption = None,
    attempts: AttemptsOption = 3,
    max_failure_rate: FailureRateOption = 0.5,
    time_limit: TimeLimitOption = None,
    plugin: PluginOption = None,
    download: FetchOption = False,
    json: JsonOption = False,
) -> None:
    """Run a suite: prepare its data, search, train every seed, and print the tables. Goes on where it was left."""
    from provbench.suites.driving import Output
    from provbench.suites.showing import notes_on_code

    planned, output = plan_of(suite, plugin), Output(out)
    chosen = _chosen(planned, only or (), data if download else None)
    folder = output.suite(planned.file.suite.name) / "tables"
    made: list[Table] = []
    notes: list[str] = []

    def tabulate(tracking: Tracking) -> None:
        states, _ = _survey_or_gaps(planned, out, data, storage)
        made.extend(_write_tables(planned, states, output))
        notes.extend(notes_on_code(states))
        tracking.tables(planned.file.suite.name, sorted(folder.glob("[!.]*")))

    tally = drive(
        chosen,
        output,
        build_executor(executor, jobs, executor_param),
        data=data,
        threads=threads,
        workers=workers,
        track=track,
        attempts=attempts,
        max_failure_rate=max_failure_rate,
        time_limit=time_limit,
        place={"keep": keep, "pictures": pictures},
        after=tabulate,
        retry_failed=retry_failed,
        rerun=named_runs(rerun or (), planned, out),
        storage=storage,
    )
    _show([] if json else made, notes)
    print_tally(tally, f"tables are in {folder}", json)
    raise typer.Exit(int(not tally.complete))


def _chosen(planned: Plan, only: Sequence[str], fetch_into: Path | None) -> Plan:
    """Returns the part of a plan that is named. fetch_into: the data root, for what is missing of it to be fetched."""
    from provbench.suites.planning import restrict

    chosen = restrict(planned, only)
    if fetch_into is not None:
        bring(full_tasks_of(chosen), fetch_into)
        complain(fetch_missing(chosen, fetch_into))
    return chosen


def _show(made: Sequence[Table], notes: Sequence[str]) -> None:
    for table in made:
        print_table(table)
    complain(notes)


def status(
    suite: SuiteArgument,
    out: OutOption = DEFAULT_OUT,
    data: DataOption = DEFAULT_DATA,
    storage: StorageOption = None,
    plugin: PluginOption = None,
    json: JsonOption = False,
) -> None:
    """Show how far a suite has come, which runs were lost, and what the output folder takes on disk.

    A run is lost where its last attempt left no record, over --time-limit for one. What ended with its driver is not
    known here, and neither is what is under way.
    """
    from provbench.results.store import Store
    from provbench.suites.driving import LostRuns, Output
    from provbench.suites.showing import notes_on_code

    planned = plan_of(suite, plugin)
    states = survey_of(planned, out, data, storage)
    rows = [
        _standing(state, protocol, len(planned.file.suite.seeds)) for state in states for protocol in state.protocols
    ]
    sizes, notes = Store(out).sizes(), notes_on_code(states)
    lost = [asdict(run) for run in LostRuns(Output(out).suite(planned.file.suite.name)).read(Store(out))]
    if json:
        print_json({"suite": planned.file.suite.name, "cells": rows, "lost": lost, "notes": notes, "bytes": sizes})
        return
    if rows:
        print_rows(list(rows[0]), [[value or "" for value in row.values()] for row in rows])
    else:
        say("this suite runs nothing: its tables show published numbers")
    if any(row["failed"] for row in rows):
        say(f"{HOW_TO_RETRY}; `provbench show KEY` has the whole traceback")
    if lost:
        print_rows(list(lost[0]), [list(run.values()) for run in lost], title="lost: `provbench run` goes on with them")
    complain(notes)
    if sizes:
        say(f"On disk, of all suites in {out}: {_listed(sizes)}")


def _listed(sizes: Mapping[str, int]) -> str:
    from rich.filesize import decimal

    largest = sorted(sizes.items(), key=lambda item: -item[1])
    return ", ".join(f"{name} {decimal(size)}" for name, size in largest if size)


def _standing(state: CellState, protocol: str, seeds: int) -> dict[str, Any]:
    selected = state.under(protocol)
    return {
        "task": state.cell.name,
        "method": state.cell.method,
        "selection": protocol,
        "trials": f"{sum(state.counts.values())}/{state.trials}" if state.trials else "",
        "done": f"{selected.done}/{seeds}",
        "failed": selected.failed,
        "seconds": round(sum(record.seconds for record in selected.records), 1),
        "chosen": dict(selected.chosen or (state.best if protocol == state.cell.protocol else {})),
    }


def tables(
    suite: SuiteArgument,
    out: OutOption = DEFAULT_OUT,
    data: DataOption = DEFAULT_DATA,
    format: Annotated[
        Literal["text", "markdown", "latex", "html", "csv", "json"],
        typer.Option("--format", "-f", callback=reserve_for, help="What to print."),
    ] = "text",
    storage: StorageOption = None,
    plugin: PluginOption = None,
) -> None:
    """Make a suite's tables from the records that are there; gaps stay gaps. Writes them all next to the records."""
    from provbench.results.tables import render_all
    from provbench.suites.driving import Output
    from provbench.suites.showing import make_tables, notes_on_code, write_tables

    planned = plan_of(suite, plugin)
    states, note = _survey_or_gaps(planned, out, data, storage)
    complain([note, *notes_on_code(states)])
    made = make_tables(planned, states, Output(out).store.predictions)
    try:
        write_tables(made, Output(out).suite(planned.file.suite.name) / "tables")
    except (UserError, OSError) as error:  # to be read, they need not be written
        complain([f"warning: the tables' files were not written: {error}"])
    if format == "text":
        for table in made.values():
            print_table(table)
    else:
        print_answer(render_all(made, format), end="" if format in ("csv", "json") else "\n")


def survey_of(planned: Plan, out: Path, data: Path, storage: str | None = None) -> list[CellState]:
    from provbench.suites.driving import Output
    from provbench.suites.showing import survey

    return survey(planned, Output(out), data, storage, tabled=True)


def _survey_or_gaps(planned: Plan, out: Path, data: Path, storage: str | None) -> tuple[list[CellState], str]:
    """The state of every cell; where its data are missing, that of one that nothing has been done for, and why."""
    from provbench.suites.driving import Output
    from provbench.suites.showing import survey_ready

    states, problem = survey_ready(planned, Output(out), data, storage, tabled=True)
    return states, problem and f"data are not ready, so there are no run keys yet: {problem}"


def _write_tables(planned: Plan, states: list[CellState], output: Output) -> list[Table]:
    from provbench.suites.showing import make_tables, write_tables

    made = make_tables(planned, states, output.store.predictions)
    write_tables(made, output.suite(planned.file.suite.name) / "tables")
    return list(made.values())


def _short(keys: list[str]) -> str:
    return ", ".join(key[:8] for key in keys)
