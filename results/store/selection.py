"""Selection of the winning trial of a search and of the final runs that count. Only val decides; test is not read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import nan
from typing import Any, Generic, TypeVar

from provbench.registry.base import UnknownNameError, UserError, best_key

from .record import Phase, RunRecord, Status

Spec = TypeVar("Spec")
"""Describes a run that is to be made; the store knows only the records of runs."""


@dataclass(frozen=True, slots=True)
class ValView:
    """A run as selection may see it: no test metrics, and no place to put any."""

    key: str
    task: str
    variant: str
    method: str
    phase: Phase
    seed: int
    parameters: Mapping[str, Any]
    status: Status
    val: Mapping[str, float]

    @classmethod
    def of(cls, record: RunRecord) -> ValView:
        return cls(
            key=record.key,
            task=record.task,
            variant=record.variant,
            method=record.method,
            phase=record.phase,
            seed=record.seed,
            parameters=record.parameters,
            status=record.status,
            val=record.val,
        )


@dataclass(frozen=True)
class Counts:
    """Numbers of runs by how they ended."""

    done: int = 0
    pruned: int = 0
    failed: int = 0

    @classmethod
    def of(cls, runs: Iterable[ValView | RunRecord]) -> Counts:
        ends = [run.status for run in runs]
        return cls(ends.count("done"), ends.count("pruned"), ends.count("failed"))

    @property
    def total(self) -> int:
        return self.done + self.pruned + self.failed


@dataclass(frozen=True)
class Choice(Generic[Spec]):
    """The choice of a selection protocol in a cell, the final runs that it needs, and their records."""

    protocol: str
    metric: str
    """Metric by which the protocol selects."""
    chosen: Mapping[str, Any] = field(default_factory=dict)
    """The parameters that a search varied, with the values that were chosen."""
    runs: Mapping[int, RunRecord] = field(default_factory=dict)
    """The records of the final runs by seed, as far as they are there."""
    specs: Sequence[Spec] = ()
    """The final runs, one a seed."""

    @property
    def records(self) -> list[RunRecord]:
        return list(self.runs.values())

    @property
    def done(self) -> int:
        return sum(record.status == "done" for record in self.records)

    @property
    def failed(self) -> int:
        return sum(record.status == "failed" for record in self.records)


def best_trial(trials: Iterable[ValView], metric: str, *, higher_is_better: bool = True) -> ValView | None:
    """The best trial of a cell's search by a val metric; None if no trial can win.

    trials: in the order of their creation; of equals, the first wins. Failed and pruned trials never win, nor do those
    whose metric is NaN or infinite, or that lack it. Raises `UnknownNameError` where finished trials have metrics, but
    none of that name, and `ValueError` where the trials are not of one search.
    """
    trials = _views(trials, "search")
    done = [trial for trial in trials if trial.status == "done"]
    known = {name for trial in done for name in trial.val}
    if known and metric not in known:
        raise UnknownNameError("val metric", metric, known)
    best = best_key({place: trial.val.get(metric, nan) for place, trial in enumerate(done)}, higher_is_better)
    return None if best is None else done[best]


def oracle_trial(runs: Iterable[RunRecord], metric: str, *, higher_is_better: bool = True) -> RunRecord | None:
    """The best of a search's parameters by a test metric: what a table must label `oracle`, and no search may see.

    runs: one final run for each trial, in the order of the trials; those that are not done, or have no finite value,
    never win. None if no run can win.
    """
    done = [run for run in runs if run.status == "done"]
    best = best_key({place: run.test.get(metric, nan) for place, run in enumerate(done)}, higher_is_better)
    return None if best is None else done[best]


def final_runs(runs: Iterable[ValView], seeds: Sequence[int]) -> dict[int, ValView | None]:
    """A cell's final run for each of the seeds: the finished one, else one that failed, else None.

    Raises `UserError` where two finished runs have one seed (of two choices of parameters, say), and `ValueError`
    where the runs are not the final ones of one cell.
    """
    runs = _views(runs, "final")
    by_seed: dict[int, list[ValView]] = defaultdict(list)
    for run in runs:
        by_seed[run.seed].append(run)
    return {seed: _one_run(by_seed.get(seed, ())) for seed in seeds}


def _one_run(runs: Sequence[ValView]) -> ValView | None:
    done = [run for run in runs if run.status == "done"]
    if len(done) > 1:
        run = done[0]
        raise UserError(
            f"{run.task} {run.method}: two finished final runs of seed {run.seed}, {run.key} and {done[1].key}. "
            "Name the one that counts by its parameters."
        )
    return next(iter([*done, *runs]), None)


def _views(runs: Iterable[ValView], phase: Phase) -> list[ValView]:
    runs = list(runs)
    for run in runs:
        if not isinstance(run, ValView):
            raise TypeError(f"selection takes ValView and not {type(run).__name__}, so that it cannot see test metrics")
        # the method's name is the suite's: a run that another suite made may have another name, and is as good
        if (run.phase, run.task, run.variant) != (phase, runs[0].task, runs[0].variant):
            raise ValueError(
                f"run {run.key} is no {phase} run of {runs[0].task} ({runs[0].variant}): it is a {run.phase} run of "
                f"{run.task} ({run.variant})"
            )
    return runs
