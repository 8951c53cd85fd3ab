"""What is tried again, how often, and when a suite gives up."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from provbench.registry.base import UserError
from provbench.results.store import RunRecord

ENOUGH = 10
"""Runs that must have ended before their failures are a rate."""


@dataclass
class Faults:
    """Counts attempts and failures.

    A run whose worker died, whose node was lost, or that met a full memory or disk is tried again, up to `attempts`
    times in all. A method that fails (a loss that is not finite, an error in a plugin) is recorded, and would fail
    again. Where more than `max_failure_rate` of the runs that ended did so without success, the suite stops: something
    is wrong that more runs will not mend.
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

    def again(self, key: str) -> bool:
        """Whether a run that was lost may be tried once more."""
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
