"""The contents of a report."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from provbench.registry.base import Variant, named_variant

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
    """Number of the trial, in the order in which the trials were requested."""
    state: str
    """finished, pruned, failed, under way or waiting."""
    value: float | None
    """Value of the search's metric on val; None unless the trial finished."""
    parameters: Mapping[str, Any]
    key: str | None = None
    """Key of the trial's run; None while the trial lacks some of its parameters."""
    seconds: float | None = None
    """None where there is no record of its run."""
    reason: str = ""
    """Reason why the run was pruned or failed."""


@dataclass(frozen=True)
class Search:
    """A cell's search. metric: what it goes by on val; space: its parameters and their ranges, in words."""

    metric: str
    budget: int
    trials: Sequence[Trial]
    space: Mapping[str, str]
    higher_is_better: bool = True
    """Direction of the metric: True if the search maximises it, False if it minimises it."""

    def count(self, state: str) -> int:
        return sum(trial.state == state for trial in self.trials)

    @property
    def seconds(self) -> float:
        """Returns the total duration of the trials that have records."""
        return sum(trial.seconds or 0.0 for trial in self.trials)


@dataclass(frozen=True)
class SyntheticImages:
    """A synthetic set that a cell trains on. facts: names and values, in words. header, rows: measured by class."""

    facts: Sequence[tuple[str, str]]
    header: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()


@dataclass(frozen=True)
class SuiteCell:
    """A method on a task. section: the name of the task in the suite, where one task may stand twice."""

    section: str
    task: str
    title: str
    """Title of the task."""
    method: str
    label: str
    variant: Variant
    seeds: Sequence[int]
    selections: Sequence[Choice[Any]] = ()
    """One a protocol; those without runs while a search is not finished."""
    search: Search | None = None
    classes: Sequence[str] = ()
    """Names of the task's classes in the order of their numbers; () where they have none."""
    synthetic: SyntheticImages | None = None
    """The synthetic set, if the method has one and it is there."""

    @property
    def runs(self) -> list[RunRecord]:
        """The final runs of all protocols, each once."""
        return list({run.key: run for one in self.selections for run in one.runs.values()}.values())


def no_pictures(key: str) -> Sequence[Path]:
    """Returns no pictures: the default for runs that drew none."""
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
    """Figures by file name."""
    others: Sequence[RunRecord] = ()
    """Runs that get pages, too, though no table shows them: those of the searches."""
    samples: Callable[[str, str], Samples | None] = no_samples
    """Function that returns the samples of a run, given its key and a split."""
    pictures: Callable[[str], Sequence[Path]] = no_pictures
    """Files that a run drew, of a run's key."""
    options: Sequence[tuple[str, str]] = ()
    """Command-line options with which `provbench` finds these runs: pairs of name and value."""
    note: str = ""
    """Reason why results are missing, or differ from what the code would give now."""
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
    def marked(self) -> Sequence[Variant]:
        """Returns the variants of its tasks whose numbers are not the benchmarks' own, each once."""
        marked = {(one.badge, one.banner): one for one in (cell.variant for cell in self.cells) if one.badge}
        return list(marked.values())

    def variant_of(self, run: RunRecord) -> Variant:
        """Returns the variant of a run's data as its task declares it, or what its name says of it."""
        declared = (cell.variant for cell in self.cells if (cell.task, cell.variant.name) == (run.task, run.variant))
        return next(declared, named_variant(run.variant))
