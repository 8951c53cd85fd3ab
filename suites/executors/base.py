"""The contracts of executors, which run jobs and say how they ended, and of observers, who watch a driver."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

from pydantic import Field

from provbench.registry import Params, Plugin
from provbench.registry.base import UserError
from provbench.results.store import RunRecord

from ..planning import Place, RunSpec
from ..running import OverTimeError


@dataclass(frozen=True)
class Job:
    spec: RunSpec
    place: Place


@dataclass(frozen=True)
class Ending:
    """The end of a job. A method that fails has a record that says so; without a record, `error` describes the failure.

    user_error: the user can fix the error (missing data, …), and the other runs would meet it too. Otherwise a job
    without a record met a failure of the machinery (a worker killed, a node lost, no memory, a full disk): the same run
    may well succeed at the next attempt. over_time: the run took longer than `Place.time_limit`; it is not tried again.
    """

    job: Job
    record: RunRecord | None
    error: str = ""
    user_error: bool = False
    over_time: bool = False

    @classmethod
    def of(cls, job: Job, run: Callable[[], RunRecord]) -> Self:
        """Returns the job with the record that `run` returns, or with what it raises, as text."""
        try:
            return cls(job, run())
        except UserError as error:
            return cls(job, None, str(error), user_error=True)
        except OverTimeError as error:
            return cls(job, None, str(error), over_time=True)
        except Exception as error:
            return cls(job, None, f"{type(error).__name__}: {error}")


OnValidation = Callable[[Job, int, int, float | None], bool]
"""on_validation(job, epochs done, epochs in all, validation value) -> whether to stop (prune) the run."""


class ExecutorParams(Params):
    jobs: int | None = Field(None, ge=1, description="runs at a time; null: as many as the executor has room for")


class Executor(Plugin, ABC):
    """Runs up to `slots` jobs at a time. Used as a context manager: leaving it ends what still runs."""

    Params: ClassVar[type[ExecutorParams]] = ExecutorParams
    params: ExecutorParams

    @property
    def slots(self) -> int:
        """Returns how many jobs may be under way; it may change while they run. If `jobs` is null, the executor
        decides.
        """
        return self.params.jobs or 1

    @property
    def threads(self) -> int:
        """CPU threads that each run has to itself. Runs without a GPU get one: their results then fit any machine's."""
        return 1

    @property
    def reads_drivers_data(self) -> bool:
        """Returns whether runs read the data root of the driver, or one of their own machine."""
        return True

    @abstractmethod
    def submit(self, job: Job) -> None:
        """Start a job. At most `slots` jobs may be under way."""

    @abstractmethod
    def wait(self, on_validation: OnValidation) -> Ending:
        """Wait until one of the submitted jobs ends. Calls `on_validation` whenever any of them is validated."""

    def close(self) -> None:
        """End everything at once; what was under way resumes from its last checkpoint when it is submitted again."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Observer:
    """Does nothing; subclasses override what they care about."""

    def preparing(self, what: str, done: int, total: int) -> None:
        """Data are being made or checked."""

    def planned(self, runs: int, earlier: int = 0) -> None:
        """Receives the number of runs that the suite needs in all, finished ones included; called again when it has
        changed.

        earlier: those that ended before and that the driver does not come back to: the trials of earlier drivers.
        """

    def paused(self, paused: bool) -> None:
        """No new run is started, until this is called with False."""

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

    def paused(self, paused: bool) -> None:
        for observer in self.observers:
            observer.paused(paused)

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
