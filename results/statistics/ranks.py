"""Methods ranked on each of several tasks, and whether the ranks differ at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import isfinite
from statistics import fmean

from provbench.registry.base import merit

from .pairs import rounded


@dataclass(frozen=True)
class TaskScores:
    """Scores of the methods on one task: `scores` by method; a method without a result is left out."""

    task: str
    scores: Mapping[str, float]
    higher_is_better: bool = True


@dataclass(frozen=True)
class Ranks:
    """Ranks by task and method: 1 is the best, and methods that tie share the mean of their ranks.

    dropped: methods that lack a result on one of the tasks, and are not ranked.
    """

    by_task: Mapping[str, Mapping[str, float]]
    dropped: tuple[str, ...] = ()

    @cached_property
    def mean(self) -> dict[str, float]:
        """The mean rank of each method over the tasks, the best first."""
        ranks = list(self.by_task.values())
        means = {method: fmean(of_task[method] for of_task in ranks) for method in ranks[0]}
        return dict(sorted(means.items(), key=lambda item: item[1]))

    @property
    def methods(self) -> tuple[str, ...]:
        """The ranked methods, the best first."""
        return tuple(self.mean)

    @property
    def tasks(self) -> tuple[str, ...]:
        return tuple(self.by_task)


def rank_methods(tasks: Sequence[TaskScores]) -> Ranks | None:
    """Rank the methods that have a result on every task; None where these are fewer than two.

    A method without a result on a task is dropped, and not the task: what one method lacks must not change how the
    others compare. A task on which no method has a result does not count. Give one column a task: two metrics of a
    task, or two tasks on the same images, are not two independent witnesses.

    Raises `ValueError` for NaN or infinity, and for a task that is there twice.
    """
    tasks = [task for task in tasks if task.scores]
    if len({task.task for task in tasks}) < len(tasks):
        raise ValueError(f"every task must be there once, got {[task.task for task in tasks]}")
    for task in tasks:
        for method, score in task.scores.items():
            if not isfinite(score):
                raise ValueError(f"{task.task}: the score of {method} must be finite, got {score}")
    everyone = list(dict.fromkeys(method for task in tasks for method in task.scores))
    complete = [method for method in everyone if all(method in task.scores for task in tasks)]
    if len(complete) < 2:
        return None
    dropped = tuple(method for method in everyone if method not in complete)
    return Ranks({task.task: _ranks(task, complete) for task in tasks}, dropped)


def friedman_test(ranks: Ranks) -> float | None:
    """p-value of Friedman's test that all methods have equal ranks; None for fewer than three methods or two tasks.

    With ties corrected for. The χ² approximation errs on the safe side where tasks are few: with three tasks it calls
    methods different in 2 to 3 % of all cases where they are not, with two tasks never. (The F of Iman and Davenport,
    which is often preferred, errs on the other side: up to 19 % for three methods on three tasks.)

    Sources: Friedman, "The use of ranks to avoid the assumption of normality implicit in the analysis of variance"
    (1937); Demšar, "Statistical comparisons of classifiers over multiple data sets" (2006).
    """
    if len(ranks.methods) < 3 or len(ranks.tasks) < 2:
        return None
    if all(len(set(of_task.values())) == 1 for of_task in ranks.by_task.values()):
        return 1.0
    from scipy.stats import friedmanchisquare

    columns = [[of_task[method] for of_task in ranks.by_task.values()] for method in ranks.methods]
    return float(friedmanchisquare(*columns).pvalue)


def _ranks(task: TaskScores, methods: Sequence[str]) -> dict[str, float]:
    from scipy.stats import rankdata

    found = rankdata([-merit(rounded(task.scores[method]), task.higher_is_better) for method in methods])
    return {method: float(rank) for method, rank in zip(methods, found, strict=True)}
