"""The runs of one trial that is validated in several folds, one after the other."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from math import isfinite, nan

from provbench.results.store import ValView

from ..planning import RunSpec


class Folds:
    """One trial: its runs in the order of the folds, and the validation values of those that have ended.

    The first one's reports may prune the trial; the others begin when those before them are done.
    """

    def __init__(self, runs: Sequence[RunSpec]) -> None:
        self.rest = deque(runs[1:])
        self.values: list[float] = []

    @property
    def reports(self) -> bool:
        """Returns whether the run under way is the first."""
        return not self.values

    def take(self, run: ValView, metric: str) -> ValView | None:
        """Takes in a run that has ended. Returns the run to tell the study of, whose value is the mean over the folds;
        None where another fold follows.
        """
        value = run.val.get(metric, nan)
        self.values.append(value)
        if run.status == "done" and isfinite(value) and self.rest:
            return None
        if len(self.values) == 1:
            return run
        return replace(run, val={**run.val, metric: sum(self.values) / len(self.values)})
