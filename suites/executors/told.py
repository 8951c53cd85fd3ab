"""What a run raises, in words that travel between processes."""

from __future__ import annotations

from collections.abc import Callable

from provbench.registry.base import UserError
from provbench.results.store import RunRecord

from ..running import OverTimeError
from .base import Finished, Job


def told(job: Job, run: Callable[[], RunRecord]) -> Finished:
    """The job with the record that `run` returns, or with what it raised."""
    try:
        return Finished(job, run())
    except UserError as error:
        return Finished(job, None, str(error), user_error=True)
    except OverTimeError as error:
        return Finished(job, None, str(error), over_time=True)
    except Exception as error:
        return Finished(job, None, f"{type(error).__name__}: {error}")
