"""Runs in this very process, one after the other: for debuggers and small tests."""

from __future__ import annotations

from functools import partial

from provbench.registry.base import UserError

from ..running import OverTimeError, execute
from .base import Ending, Executor, Job, OnValidation


class Inline(Executor):
    """One run at a time, in this process."""

    def __init__(self, params: object = None, /, **values: object) -> None:
        super().__init__(params, **values)
        self._queue: list[Job] = []

    @property
    def slots(self) -> int:
        return 1

    def submit(self, job: Job) -> None:
        self._queue.append(job)

    def wait(self, on_validation: OnValidation) -> Ending:
        job = self._queue.pop(0)
        try:
            return Ending(job, execute(job.spec, job.place, partial(on_validation, job)))
        except UserError as error:
            return Ending(job, None, str(error), user_error=True)
        except OverTimeError as error:
            return Ending(job, None, str(error), over_time=True)
        except (OSError, MemoryError, RuntimeError) as error:
            return Ending(job, None, f"{type(error).__name__}: {error}")
