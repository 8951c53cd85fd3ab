"""What a report is made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ..store import Choice, RunRecord
from ..tables import Table, no_samples

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from numpy import ndarray

Samples = Mapping[str, "ndarray"]
"""A run's predictions on a split: one array a column, one row a sample."""


@dataclass(frozen=True)
class Trial:
    """A trial of a search."""

    number: int
    """In the order in which the trials were asked for."""
    state: str
    """finished, pruned, failed, under way or waiting."""
    value: float | None
    """Of the search's metric on val, of a finished trial."""
    parameters: Mapping[str, Any]
    key: str | None = None
    """Of its run; None where the trial has not all its parameters yet."""
    seconds: float | None = None
    """None where there is no record of its run."""
    reason: str = ""
    """Why its run was pruned or failed."""


@dataclass(frozen=True)
class Search:
    """A cell's search. metric: what it goes by on val; space: its parameters and their ranges, in words."""

    metric: str
    budget: int
    trials: Sequence[Trial]
    space: Mapping[str, str]
    higher_is_better: bool = True
    """Of the metric: whether the search maximises it, or minimises it."""

    def count(self, state: str) -> int:
        return sum(trial.state == state for trial in self.trials)

    @property
    def seconds(self) -> float:
        """What the trials took, as far as their records are there."""
        return sum(trial.seconds or 0.0 for trial in self.trials)


@dataclass(frozen=True)
class SuiteCell:
    """A method on a task. section: the name of the task in the suite, where one task may stand twice."""

    section: str
    task: str
    title: str
    """Of the task."""
    method: str
    label: str
    variant: Literal["mini", "full"]
    seeds: Sequence[int]
    selections: Sequence[Choice[Any]] = ()
    """One a protocol; those without runs while a search is not finished."""
    search: Search | None = None
    classes: Sequence[str] = ()
    """Names of the task's classes in the order of their numbers; () where they have none."""

    @property
    def runs(self) -> list[RunRecord]:
        """The final runs of all protocols, each once."""
        return list({run.key: run for one in self.selections for run in one.runs.values()}.values())


def no_pictures(key: str) -> Sequence[Path]:
    """For runs that drew none."""
    return ()


@dataclass(frozen=True)
class Report:
    """A suite's results. Predictions and pictures are read when a page needs them, by run key."""

    suite: str
    description: str = ""
    source: str = ""
    """The text of the suite file."""
    tables: Mapping[str, Table] = field(default_factory=dict)
    cells: Sequence[SuiteCell] = ()
    figures: Mapping[str, Figure] = field(default_factory=dict)
    """By file name."""
    others: Sequence[RunRecord] = ()
    """Runs that get pages, too, though no table shows them: those of the searches."""
    samples: Callable[[str, str], Samples | None] = no_samples
    """Of a run's key, on a split."""
    pictures: Callable[[str], Sequence[Path]] = no_pictures
    """Files that a run drew, of a run's key."""
    options: Sequence[tuple[str, str]] = ()
    """Of the command line, with which `provbench` finds these runs: name, value."""
    note: str = ""
    """What keeps results from being here, or from being what the code would give now."""
    program: str = ""
    """Version and commit of the program that made the report."""
    made: str = ""
    """When, in words. The only thing in the site that differs from one making to the next."""

    @cached_property
    def runs(self) -> dict[str, RunRecord]:
        """Every run that has a page, by key: the final ones by cell and seed, then the others."""
        finals = {run.key: run for cell in self.cells for run in cell.runs}
        return {**finals, **{run.key: run for run in self.others if run.key not in finals}}

    @cached_property
    def cells_by_run(self) -> dict[str, SuiteCell]:
        """The first cell that a final run counts in, by key."""
        return {run.key: cell for cell in reversed(self.cells) for run in cell.runs}

    @cached_property
    def classes_of_task(self) -> dict[str, Sequence[str]]:
        """The names of the classes by task, for runs that are no cell's final ones."""
        return {cell.task: cell.classes for cell in reversed(self.cells)}

    @property
    def mini(self) -> bool:
        """Whether any of it is of generated data."""
        return any(cell.variant == "mini" for cell in self.cells)
