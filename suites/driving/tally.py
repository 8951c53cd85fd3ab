"""Counters of a driver: how runs ended, which are retried and how often, and which finished runs are repeated."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from provbench.registry.base import UserError
from provbench.results.store import RunRecord

from ..planning import RunSpec


@dataclass
class Tally:
    """Counts of a suite's runs by how they ended. Each is counted once: as trained, failed, lost, or found finished."""

    trained: int = 0
    """Runs that this driver trained to their end, or to the epoch where they were pruned."""
    cached: int = 0
    """Runs that were found finished, trials that ended under an earlier driver included."""
    retried: int = 0
    """Attempts that ended without a record and were followed by another one."""
    failed: dict[str, str] = field(default_factory=dict)
    """Key to reason, of final runs whose method failed, now or under an earlier driver."""
    failed_trials: dict[str, str] = field(default_factory=dict)
    """Key to reason, of trials of a search whose method failed, now or under an earlier driver."""
    repeated: dict[str, str] = field(default_factory=dict)
    """Key to how it came out, of finished runs that were asked for once more; they count as trained, too."""
    lost: dict[str, str] = field(default_factory=dict)
    """Key to what happened, of runs that have no record."""
    without_result: list[str] = field(default_factory=list)
    """`task/method` of the searches that ended without a finished trial, and so without final runs."""

    def fail(self, spec: RunSpec, reason: str) -> None:
        (self.failed if spec.phase == "final" else self.failed_trials)[spec.key] = reason

    @property
    def complete(self) -> bool:
        """Returns whether every final run has a result. A failed trial alone leaves no gap: its search has others."""
        return not (self.failed or self.lost or self.without_result)


class Repeats:
    """The runs that `--rerun` names: the final runs of methods, and keys."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        self._names = frozenset(names)
        self._keys: set[str] = set()
        self._used: set[str] = set()

    def ask_for(self, spec: RunSpec) -> bool:
        """Returns whether a run is to be repeated, though it has a record. Trials are not: their search would not
        look.
        """
        found = {spec.method, spec.key} & self._names if spec.phase == "final" else set()
        if found:
            self._used |= found
            self._keys.add(spec.key)
        return bool(found)

    def __contains__(self, key: object) -> bool:
        """Returns whether the run of that key was requested."""
        return key in self._keys

    @property
    def unused(self) -> list[str]:
        """Names that no run of the suite has answered to."""
        return sorted(self._names - self._used)


ENOUGH = 10
"""Runs that must have ended before their failures are a rate."""


@dataclass
class Faults:
    """Counts attempts and failures.

    A run whose worker died, whose node was lost, or that met a full memory or disk is tried again, up to `attempts`
    times in all. A method that fails (a loss that is not finite, an error in a plugin) is recorded, and would fail
    again. Where more than `max_failure_rate` of the runs that ended did so without success, the suite stops: something
    is wrong that more runs will not fix.
    """

    attempts: int = 3
    max_failure_rate: float = 0.5
    _tries: Counter[str] = field(default_factory=Counter)
    _ended: int = 0
    _failed: int = 0

    def begin(self, key: str) -> None:
        self._tries[key] += 1

    def tries(self, key: str) -> int:
        return self._tries[key]

    def forget(self, key: str) -> None:
        """Lets a run have all of its attempts again."""
        del self._tries[key]

    def again(self, key: str) -> bool:
        """Returns whether a lost run may be retried."""
        return self._tries[key] < self.attempts

    def count(self, name: str, record: RunRecord | None, reason: str) -> None:
        """Take in a run's end; record: None if it was lost for good. Raises `UserError` above the rate."""
        self._ended += 1
        self._failed += record is None or record.status == "failed"
        if self._ended >= ENOUGH and self._failed > self.max_failure_rate * self._ended:
            raise UserError(
                f"{self._failed} of {self._ended} runs failed, more than --max-failure-rate {self.max_failure_rate:g} "
                f"allows; the last one, {name}: {reason}. What was finished is kept."
            )
