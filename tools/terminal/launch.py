"""Starts a driver from the options of a command."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from provbench.registry.base import UserError

from .answer import say
from .durations import seconds_of
from .show import print_json

if TYPE_CHECKING:
    from provbench.suites.driving import Output, Tally
    from provbench.suites.executors import Executor
    from provbench.suites.planning import Plan

logger = logging.getLogger(__name__)
HOW_TO_RETRY = "`--retry-failed` runs again what had failed, once its cause is mended"


def plan_of(suite: str, plugins: Iterable[str] | None) -> Plan:
    """The suite of a path or name, checked down to its tables."""
    from provbench.suites.file import load_suite
    from provbench.suites.planning import make_plan
    from provbench.suites.showing import make_tables, untouched

    plan = make_plan(load_suite(suite), tuple(plugins or ()))
    make_tables(plan, untouched(plan))
    logger.debug("plans %d methods on tasks of %s", len(plan.cells), plan.file.path)
    return plan


def build_executor(name: str, jobs: int | None, values: Iterable[str] | None) -> Executor:
    """The executor of that name; values: its parameters as `NAME=VALUE`, each value in YAML."""
    from provbench.registry import EXECUTORS, validate_params

    given = {"jobs": jobs} if jobs is not None else {}
    cls = EXECUTORS.get(name)
    return cls(validate_params(cls.Params, {**given, **assignments(values or (), "-x")}, f"--executor {name}"))


def drive(
    plan: Plan,
    output: Output,
    executor: Executor,
    *,
    data: Path,
    threads: int | None,
    workers: int | None,
    track: Iterable[str] | None,
    attempts: int,
    max_failure_rate: float,
    time_limit: str | None,
    place: Mapping[str, Any] | None = None,
    after: Any = None,
    **options: Any,
) -> Tally:
    """Run a suite with progress on the terminal; `after(tracking)` is called at its end. options: the driver's own."""
    from provbench.registry import TRACKERS
    from provbench.suites.driving import Driver, Faults, Pulse
    from provbench.suites.executors import Observers
    from provbench.suites.planning import Place
    from provbench.suites.trackers import Tracking

    from .progress import ProgressDisplay

    where = Place(
        data_root=data,
        work_root=output.work,
        threads=threads or executor.threads,
        workers=workers,
        time_limit=seconds_of(time_limit),
        logs=output.logs.absolute() if executor.reads_drivers_data else None,
        **(place or {}),
    )
    tracking = Tracking([TRACKERS.build(name) for name in track or ()], output.trackers, output.root / "pictures")
    try:
        with ProgressDisplay() as display:
            pulse = Pulse(output.root, plan.file.suite.name)
            faults, observer = Faults(attempts, max_failure_rate), Observers([display, tracking, pulse])
            try:
                tally = Driver(plan, output, executor, where, observer, faults=faults, **options).run()
            finally:
                pulse.close()
        if after is not None:
            after(tracking)
    except SystemExit:  # a signal
        tracking.hurry()
        raise
    finally:
        tracking.close()
        executor.close()
    return tally


def print_tally(tally: Tally, ending: str, json: bool) -> None:
    """Prints what a driver did; ending: where the results are."""
    if json:
        print_json(vars(tally))
        return
    for key, outcome in tally.repeated.items():
        say(f"repeated: {key}: {outcome}")
    for key, reason in tally.failed_trials.items():
        say(f"failed trial: {key}: {reason}")
    for key, reason in tally.failed.items():
        say(f"failed: {key}: {reason}")
    for key, reason in tally.lost.items():
        say(f"lost: {key}: {reason} (the same command runs it again)")
    for cell in tally.without_result:
        say(f"no result: {cell}: none of its trials finished")
    if tally.failed:
        say(f"{HOW_TO_RETRY}; `provbench show KEY` has the whole traceback")
    say(f"{_counted(tally)}; {ending}")


def _counted(tally: Tally) -> str:
    """The closing line: how many runs were trained, failed, were lost and were found finished, each counted once."""
    counts = {
        "failed": len(tally.failed) + len(tally.failed_trials),
        "lost": len(tally.lost),
        "tried again": tally.retried,
    }
    said = [f"{count} {what}" for what, count in counts.items() if count]
    trained = f"{tally.trained} run{'s' * (tally.trained != 1)} trained"
    return ", ".join([trained, *said, f"{tally.cached} found finished"])


def assignments(texts: Iterable[str], option: str) -> dict[str, Any]:
    """`NAME=VALUE`, each value in YAML. option: what gave them, for the errors."""
    from provbench.suites.file import parse_yaml

    values = {}
    for text in texts:
        name, sign, value = text.partition("=")
        if not sign or not name:
            raise UserError(f"{option} {text}: write NAME=VALUE")
        values[name.strip()] = parse_yaml(value, f"{option} {name}")[0]
    return values
