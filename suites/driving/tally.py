"""What a driver did, counted."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..planning import RunSpec


@dataclass
class Tally:
    """How the runs of a suite ended. Each is counted once: as trained, failed, lost, or found finished."""

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
        """Whether every final run has a result. A failed trial alone leaves no gap: its search has others."""
        return not (self.failed or self.lost or self.without_result)
