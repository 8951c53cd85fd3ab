"""What a driver tells whoever watches it: the command line draws progress bars from it, trackers mirror it."""

from __future__ import annotations

from collections.abc import Sequence

from provbench.results.store import RunRecord

from ..planning import RunSpec
from .base import Job


class Observer:
    """Does nothing; subclasses override what they care about."""

    def preparing(self, what: str, done: int, total: int) -> None:
        """Data are being made or checked."""

    def planned(self, runs: int, earlier: int = 0) -> None:
        """How many runs the suite needs in all, finished ones included; told again when that has changed.

        earlier: those that ended before and that the driver does not come back to: the trials of earlier drivers.
        """

    def started(self, job: Job) -> None:
        """A run was given to the executor."""

    def reported(self, job: Job, epoch: int, epochs: int, value: float | None) -> None:
        """A run was validated."""

    def finished(self, spec: RunSpec, record: RunRecord, cached: bool) -> None:
        """A run has a record: just made, or found in the store."""

    def retried(self, spec: RunSpec, error: str) -> None:
        """A run ended without a record, through no fault of its method, and is tried again."""

    def lost(self, spec: RunSpec, error: str) -> None:
        """A run ended without a record once too often."""


class Observers(Observer):
    """Several observers as one."""

    def __init__(self, observers: Sequence[Observer]) -> None:
        self.observers = tuple(observers)

    def preparing(self, what: str, done: int, total: int) -> None:
        for observer in self.observers:
            observer.preparing(what, done, total)

    def planned(self, runs: int, earlier: int = 0) -> None:
        for observer in self.observers:
            observer.planned(runs, earlier)

    def started(self, job: Job) -> None:
        for observer in self.observers:
            observer.started(job)

    def reported(self, job: Job, epoch: int, epochs: int, value: float | None) -> None:
        for observer in self.observers:
            observer.reported(job, epoch, epochs, value)

    def finished(self, spec: RunSpec, record: RunRecord, cached: bool) -> None:
        for observer in self.observers:
            observer.finished(spec, record, cached)

    def retried(self, spec: RunSpec, error: str) -> None:
        for observer in self.observers:
            observer.retried(spec, error)

    def lost(self, spec: RunSpec, error: str) -> None:
        for observer in self.observers:
            observer.lost(spec, error)
