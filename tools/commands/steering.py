"""`provbench pause`, `resume`, `retry`, `stop`, `watch`, `logs`: a suite while it runs, and what its runs printed."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from provbench.registry.base import UserError, duration, visible

from ..terminal import DEFAULT_OUT, JsonOption, OutOption, print_json, say
from .runs import KeyArgument, find_record

if TYPE_CHECKING:
    from rich.console import RenderableType

EVERY = 1.0
"""Seconds between two looks of `watch`."""
BARS = "▁▂▃▄▅▆▇█"
WIDTH = 24
"""Validations that a curve of `watch` shows."""


def add_to(app: typer.Typer) -> None:
    for command in (pause, resume, retry, stop, watch, logs):
        app.command()(command)


def pause(out: OutOption = DEFAULT_OUT) -> None:
    """Let the suite that runs in --out start no new run; what is under way ends. `provbench resume` goes on."""
    _request("pause", out)
    say("paused: what is under way ends, and no new run starts; `provbench resume` goes on")


def resume(out: OutOption = DEFAULT_OUT) -> None:
    """Let a paused suite go on."""
    _request("resume", out)
    say("resumed")


def stop(out: OutOption = DEFAULT_OUT) -> None:
    """End the suite that runs in --out as SIGTERM does (exit code 143); the same `run` goes on later."""
    _request("stop", out)
    say("stopping: finished runs are kept, and the same command resumes the rest")


def retry(
    key: Annotated[str, typer.Argument(help="The key of a final run that failed or was lost, or its first digits.")],
    out: OutOption = DEFAULT_OUT,
) -> None:
    """Have the suite that runs in --out try a failed or lost run again. Where none runs: `run SUITE --retry-failed`."""
    from provbench.suites.driving import retry as request

    request(out, _whole_key(key, out))
    say("it is tried again as soon as there is room")


def _whole_key(key: str, out: Path) -> str:
    """Returns the key that begins so, among the records; a lost run has none, and is named in full."""
    try:
        return find_record(key, out).key
    except UserError:
        return key


def _request(name: str, out: Path) -> None:
    from provbench.suites import driving

    request: Callable[[Path], None] = getattr(driving, name)
    request(out)


def watch(
    out: OutOption = DEFAULT_OUT,
    once: Annotated[bool, typer.Option(help="Show the state once, and end.")] = False,
    json: JsonOption = False,
) -> None:
    """Watch the suite that runs in --out: workers, curves, and what is left. Ends with it, or by Ctrl-C."""
    from rich.live import Live

    from provbench.suites.driving import read_pulse

    state = read_pulse(out)
    if state is None:
        raise UserError(f"{out}: no suite runs here; `provbench status SUITE` says how far one is")
    if json:
        print_json(state)
        return
    if once:
        from rich.console import Console

        Console().print(picture(state, time.time()))
        return
    with Live(picture(state, time.time()), refresh_per_second=4) as live:
        while state is not None:
            live.update(picture(state, time.time()))
            time.sleep(EVERY)
            state = read_pulse(out)
    say("the suite has ended")


def picture(state: dict[str, Any], now: float) -> RenderableType:
    """Returns the state of a driver as a table. now: seconds since 1970."""
    from rich.table import Table

    done = state["finished"] + state["failed"] + state["lost"]
    left = _left(state, done, now)
    title = (
        f"{state['suite']}: {done} of {state['planned']} runs{', PAUSED' if state['paused'] else ''}, "
        f"{state['failed']} failed, {state['lost']} lost, since {duration(now - state['started'])}{left}"
    )
    table = Table(title=visible(title), title_justify="left")
    for heading in ("run", "task", "method", "seed", "epoch", "since", "curve on val"):
        table.add_column(heading)
    for run in state["running"]:
        value = f" {run['metric']} {run['value']:.1f}" if run["value"] is not None else ""
        cells = (
            run["key"][:8],
            run["task"],
            run["method"],
            f"{run['seed']}{' (search)' if run['phase'] == 'search' else ''}",
            f"{run['epoch']}/{run['epochs']}",
            duration(now - run["since"]),
            f"{spark(run['values'])}{value}",
        )
        table.add_row(*map(visible, cells))
    return table


def _left(state: dict[str, Any], done: int, now: float) -> str:
    """Returns the time that the rest will take if it goes on as it did; "" where nothing has ended yet."""
    if not done or done >= state["planned"]:
        return ""
    return f", about {duration((now - state['started']) / done * (state['planned'] - done))} left"


def spark(values: list[float]) -> str:
    """Returns the last values as a line of bars, from their least to their largest."""
    shown = values[-WIDTH:]
    low, high = min(shown, default=0.0), max(shown, default=0.0)
    if high <= low:
        return BARS[0] * len(shown)
    return "".join(BARS[round((value - low) / (high - low) * (len(BARS) - 1))] for value in shown)


def logs(key: KeyArgument, out: OutOption = DEFAULT_OUT) -> None:
    """Show what a run printed: its output, warnings, and the whole traceback of a failure."""
    from provbench.suites.driving import Output

    output = Output(out)
    found = sorted(output.logs.glob(f"{key}*.log")) if key.isalnum() else []
    if len(found) > 1:
        raise UserError(f"{key}: begins the keys of several runs: {', '.join(path.stem for path in found[:5])}")
    if not found:
        record = find_record(key, out)
        nothing = (
            f"{record.key} printed nothing that was kept; `provbench show {key}` has its parameters, scores and curve"
        )
        say(record.traceback.rstrip() or nothing)
        return
    say(found[0].read_text(encoding="utf-8", errors="replace").rstrip())
