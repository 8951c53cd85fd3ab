"""The driver's progress on a terminal."""

from __future__ import annotations

import logging
import time
from types import TracebackType

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    Task,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.text import Text

from provbench.registry import periods_of
from provbench.registry.base import visible
from provbench.results.store import RunRecord
from provbench.suites.executors import Job, Observer
from provbench.suites.planning import RunSpec

from .verbosity import quiet

logger = logging.getLogger(__name__)


def progress_bar(console: Console | None = None) -> Progress:
    """A bar on the standard error: the standard output is for results."""
    return Progress(
        _VisibleColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        _VisibleColumn("{task.fields[note]}", markup=False, style="dim"),
        console=console or Console(stderr=True),
        disable=quiet(),
    )


def transfer_bar() -> Progress:
    """A bar for bytes on the standard error, with rate and time left."""
    return Progress(
        _VisibleColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        disable=quiet(),
    )


class _VisibleColumn(TextColumn):
    """A column of text with names of others in it, which must not steer the terminal."""

    def render(self, task: Task) -> Text:
        text = super().render(task)
        text.plain = visible(text.plain)
        return text


class ProgressDisplay(Observer):
    """A bar for the suite, one for each run under way, and a line for each that ended. Use as a context manager.

    Where the output is no terminal, only the lines are printed; where the user wants quiet, only those of failures.
    """

    def __init__(self) -> None:
        self.console = Console(stderr=True)
        self.progress = progress_bar(self.console)
        self._suite: TaskID | None = None
        self._preparing: dict[str, TaskID] = {}
        self._runs: dict[str, TaskID] = {}
        self._done, self._total, self._began = 0, 0, time.monotonic()

    def __enter__(self) -> ProgressDisplay:
        if self.console.is_terminal:
            self.progress.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        if self.console.is_terminal:
            self.progress.stop()

    def preparing(self, what: str, done: int, total: int) -> None:
        if what not in self._preparing:
            self._preparing[what] = self.progress.add_task(f"preparing {what}", note="")
            self._note(f"preparing {what}")
        self.progress.update(self._preparing[what], completed=done, total=total, visible=done < total)

    def planned(self, runs: int, earlier: int = 0) -> None:
        self._total = runs
        if self._suite is None:
            self._done = earlier
            self._suite = self.progress.add_task("runs", total=runs, completed=earlier, note="")
        else:
            self.progress.update(self._suite, total=runs)

    def paused(self, paused: bool) -> None:
        self._note("paused: what is under way ends, and no new run starts" if paused else "resumed")

    def started(self, job: Job) -> None:
        name = f"  {_name(job.spec)}"
        logger.debug("starts %s: %s", job.spec.key, name.strip())
        self._runs[job.spec.key] = self.progress.add_task(name, total=periods_of(job.spec.task.params), note="starting")

    def reported(self, job: Job, epoch: int, epochs: int, value: float | None) -> None:
        note = f"{job.spec.selection_metric} {value:.1f}" if value is not None else ""
        self.progress.update(self._runs[job.spec.key], completed=epoch, total=epochs, note=note)

    def finished(self, spec: RunSpec, record: RunRecord, cached: bool) -> None:
        self._count(spec)
        logger.debug("%s %s: %s", "found" if cached else "trained", spec.key, _name(spec))
        if cached:
            return
        outcome = f"{spec.selection_metric} {record.val.get(spec.selection_metric, float('nan')):.1f} (val)"
        what = {"done": outcome, "pruned": "pruned", "failed": f"FAILED: {record.reason}"}[record.status]
        tell = self._say if record.status == "failed" else self._note
        tell(f"[{self._done}/{self._total}] {spec.key[:8]}  {_name(spec)}: {what}, {record.seconds:.0f} s")

    def retried(self, spec: RunSpec, error: str) -> None:
        self._end_bar(spec)
        self._say(f"{spec.key[:8]}  {_name(spec)}: {error}; trying again")

    def lost(self, spec: RunSpec, error: str) -> None:
        self._count(spec)
        self._say(f"[{self._done}/{self._total}] {spec.key[:8]}  {_name(spec)}: LOST: {error}")

    def _count(self, spec: RunSpec) -> None:
        self._done += 1
        self._end_bar(spec)
        if self._suite is not None:
            self.progress.update(self._suite, completed=self._done)

    def _end_bar(self, spec: RunSpec) -> None:
        bar = self._runs.pop(spec.key, None)
        if bar is not None:
            self.progress.remove_task(bar)

    def _note(self, line: str) -> None:
        if not quiet():
            self._say(line)

    def _say(self, line: str) -> None:
        self.console.print(visible(line), markup=False, highlight=False, soft_wrap=True)


def _name(spec: RunSpec) -> str:
    trial = " trial" if spec.phase == "search" else ""
    return f"{spec.cell} / {spec.method}{trial} / seed {spec.seed}"
