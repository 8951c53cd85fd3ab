"""The executor contract. An executor runs jobs and says how they ended; it knows neither suites nor stores."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from pydantic import Field

from ...registry import Params, Plugin
from ...results.record import RunRecord
from ..spec import Place, RunSpec


@dataclass(frozen=True)
class Job:
    spec: RunSpec
    place: Place


@dataclass(frozen=True)
class Finished:
    """How a job ended. Without a record, `error` says what happened to it.

    user_error: the error is the user's to mend (missing data, …), and the other runs would meet it too.
    """

    job: Job
    record: RunRecord | None
    error: str = ""
    user_error: bool = False


OnReport = Callable[[Job, int, int, float | None], bool]
"""on_report(job, epochs done, epochs in all, validation value) -> whether to stop (prune) the run."""


class ExecutorParams(Params):
    jobs: int = Field(1, ge=1, description="runs at a time")


class Executor(Plugin, ABC):
    """Runs up to `slots` jobs at a time. Used as a context manager: leaving it ends what still runs."""

    Params: ClassVar[type[ExecutorParams]] = ExecutorParams
    params: ExecutorParams

    @property
    def slots(self) -> int:
        return self.params.jobs

    @abstractmethod
    def submit(self, job: Job) -> None:
        """Start a job. At most `slots` jobs may be under way."""

    @abstractmethod
    def wait(self, on_report: OnReport) -> Finished:
        """Wait until one of the submitted jobs ends. Calls on_report for each validation of any of them meanwhile."""

    def close(self) -> None:
        """End everything at once; what was under way resumes from its last checkpoint when it is submitted again."""

    def __enter__(self) -> Executor:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
