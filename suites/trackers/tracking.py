"""The observer that tells trackers, and keeps their failures away from the runs."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from pathlib import Path

from provbench.registry.base import real_files
from provbench.results.store import RunRecord

from ..executors import Job, Observer
from ..planning import RunSpec
from .base import Tracker
from .process import TrackerProcess

PATIENCE = 120.0
HASTE = 5.0
"""Seconds that a tracker may take when the process is asked to end; the next start sends it what it missed."""


class TrackerWarning(UserWarning):
    """A tracker failed and receives no further records."""


class Tracking(Observer):
    """Tells trackers of every record, also of those found finished, and of a suite's tables.

    The trackers work on their own and hold up no run; one that fails, dies or hangs is dropped with a `TrackerWarning`,
    and the same suite, run again, tells it what it missed.

    folder: each tracker has one below it, by its name. pictures: of a run, in `<key>/*.png` below it. patience: how
    many seconds a tracker may take over one thing at the end.
    """

    def __init__(
        self,
        trackers: Sequence[Tracker],
        folder: Path,
        pictures: Path,
        patience: float = PATIENCE,
    ) -> None:
        self._waiting = list(trackers)
        self._open: list[TrackerProcess] = []
        self._folder, self._pictures, self._patience = folder, pictures, patience

    def planned(self, runs: int, earlier: int = 0) -> None:
        self._start()

    def started(self, job: Job) -> None:
        self._drop_failed()

    def finished(self, spec: RunSpec, record: RunRecord, cached: bool) -> None:
        self._start()
        wanting = [process for process in self._open if not (cached and record.key in process.present)]
        if wanting:
            bare = record.model_copy(update={"predictions": {}})
            found = sorted(real_files(self._pictures, record.key))
            pictures = [self._pictures / file for file in found if file.suffix == ".png"]
            for process in wanting:
                process.tell("log", spec, bare, pictures)
                process.present.add(record.key)
            self._drop_failed()

    def tables(self, suite: str, files: Sequence[Path]) -> None:
        """The suite's tables are rendered."""
        self._start()
        for process in self._open:
            process.tell("tables", suite, list(files))

    def hurry(self) -> None:
        """Have `close` wait for a moment only: this process is being ended."""
        self._patience = min(self._patience, HASTE)

    def close(self) -> None:
        """Nothing more comes. Waits until the trackers are done, or hang."""
        self._drop(lambda process: process.close(self._patience))
        self._waiting, self._open = [], []

    def _start(self) -> None:
        """Starts the trackers, once the driver has the output folder to itself: another driver's trackers may be at
        work in it.
        """
        waiting, self._waiting = self._waiting, []
        for tracker in waiting:
            try:
                self._open.append(TrackerProcess(tracker, self._folder / tracker.name))
            except Exception as error:
                _warn(tracker.name, f"cannot start ({type(error).__name__}: {error})")

    def _drop_failed(self) -> None:
        self._drop(TrackerProcess.failure)

    def _drop(self, ask: Callable[[TrackerProcess], str]) -> None:
        for process in list(self._open):
            failure = ask(process)
            if failure:
                self._open.remove(process)
                _warn(process.name, failure)


def _warn(name: str, failure: str) -> None:
    warnings.warn(f"tracker {name} {failure}; it receives nothing more", TrackerWarning, stacklevel=3)
