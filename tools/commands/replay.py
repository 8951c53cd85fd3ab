"""`provbench replay`: train recorded runs again, and say whether they come out the same."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from provbench.registry.base import UserError

from ..terminal import (
    DEFAULT_DATA,
    DEFAULT_OUT,
    DataOption,
    JsonOption,
    OutOption,
    PluginOption,
    StorageOption,
    ThreadsOption,
    WorkersOption,
    note,
    plan_of,
    print_json,
    say,
)
from .runs import find_record

if TYPE_CHECKING:
    from provbench.results.store import RunRecord
    from provbench.suites.planning import Plan
    from provbench.suites.showing import Replay

MOST_SHOWN = 8
"""Fields that differ, of one run, before the rest is only counted."""


def add_to(app: typer.Typer) -> None:
    app.command()(replay)


def replay(
    keys: Annotated[
        list[str] | None, typer.Argument(metavar="[KEY]...", help="Run keys, or their first digits.")
    ] = None,
    suite: Annotated[
        str | None,
        typer.Option(help="All recorded runs of a suite: of each cell the trials in their order, then finals."),
    ] = None,
    out: OutOption = DEFAULT_OUT,
    data: DataOption = DEFAULT_DATA,
    storage: StorageOption = None,
    threads: ThreadsOption = None,
    workers: WorkersOption = None,
    plugin: PluginOption = None,
    json: JsonOption = False,
) -> None:
    """Train recorded runs again from their records alone, and compare. Writes nothing; exit code 1 if any differs."""
    from provbench.registry import load_plugins
    from provbench.suites.planning import Place
    from provbench.suites.showing import replay as repeat

    if not keys and suite is None:
        raise UserError("name the runs to replay: KEY…, or --suite SUITE")
    load_plugins(tuple(plugin or ()))
    records, plugins = [find_record(key, out) for key in keys or ()], tuple(plugin or ())
    if suite is not None:
        planned = plan_of(suite, plugin)
        records += _records_of(planned, out, data, storage)
        plugins = planned.plugins
    place = Place(data_root=data, threads=threads or 1, workers=workers)
    done: list[Replay] = []
    for record in records:
        done.append(repeat(record, place, plugins))
        if not json:
            _print(done[-1])
    same = sum(one.identical for one in done)
    if json:
        print_json({"identical": same, "different": len(done) - same, "runs": list(map(_details, done))})
    else:
        say(f"{same} of {len(done)} runs came out the same to the last bit")
    if same < len(done):
        raise typer.Exit(1)


def _records_of(planned: Plan, out: Path, data: Path, storage: str | None) -> list[RunRecord]:
    from provbench.suites.driving import Output
    from provbench.suites.showing import open_begun, recorded_order

    output = Output(out)
    keys = recorded_order(open_begun(planned, output, data, storage).values())
    found = output.store.records(keys)
    if not found:
        raise UserError(f"{planned.file.path}: no run of it is recorded in {out}")
    if len(found) < len(keys):
        note(f"{len(keys) - len(found)} runs of the suite have no record yet, and are left out")
    return found


def _print(one: Replay) -> None:
    record = one.record
    name = f"{record.key[:8]}  {record.task} / {record.method}, {record.phase}, seed {record.seed} ({record.status})"
    say(f"{name}: {'identical' if one.identical else f'{len(one.outcome)} fields differ'}")
    for field, (before, after) in list(one.outcome.items())[:MOST_SHOWN]:
        say(f"    {field}: {before} was recorded, now {after}")
    if not one.identical:
        for change in one.code:
            say(f"    (recorded with {change})")
        for field, (before, after) in list(one.environment.items())[:MOST_SHOWN]:
            say(f"    (recorded with {field} {before}, now {after})")


def _details(one: Replay) -> dict[str, Any]:
    record = one.record
    return {
        "key": record.key,
        "task": record.task,
        "method": record.method,
        "phase": record.phase,
        "seed": record.seed,
        "status": record.status,
        "identical": one.identical,
        "differences": one.outcome,
        "environment": one.environment,
        "code": list(one.code),
    }
