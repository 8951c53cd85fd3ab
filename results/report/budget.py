"""Costs of the results, and which results are missing: a line for each method on each task."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .content import Report, SuiteCell
from .links import Links


@dataclass(frozen=True)
class BudgetLine:
    """A method on a task, under one selection protocol. Times in seconds."""

    cell: SuiteCell
    protocol: str
    done: int
    failed: Sequence[int]
    """Seeds."""
    missing: Sequence[int]
    """Seeds."""
    seconds: float
    devices: Sequence[str]
    commits: Sequence[str]
    dirty: int
    """Runs of a checkout with uncommitted changes."""
    method: str | None
    search: str | None
    """Paths of their pages."""


@dataclass(frozen=True)
class Budget:
    """All of it. expected, done, failed, missing: seeds of methods, once for each selection protocol."""

    lines: Sequence[BudgetLine]
    unequal: Sequence[str]
    """Tasks whose methods have searches of unequal budgets, or that were given unequal numbers of trials so far."""
    expected: int
    done: int
    failed: int
    seconds: float
    search_seconds: float
    commits: Sequence[str]
    dirty: int
    runs: int
    devices: Sequence[str]

    @property
    def missing(self) -> int:
        return self.expected - self.done - self.failed


def budget(report: Report, links: Links) -> Budget:
    """Returns the budget of all cells of the suite."""
    lines = [line for cell in report.cells for line in _lines(cell, links)]
    finals = list({run.key: run for cell in report.cells for run in cell.runs}.values())
    return Budget(
        lines=lines,
        unequal=list(_unequal(report)),
        expected=sum(len(line.cell.seeds) for line in lines),
        done=sum(line.done for line in lines),
        failed=sum(len(line.failed) for line in lines),
        seconds=sum(run.seconds for run in finals),
        search_seconds=sum(cell.search.seconds for cell in report.cells if cell.search),
        commits=sorted({run.commit[:10] for run in finals if run.commit}),
        dirty=sum(run.dirty for run in finals),
        runs=len(finals),
        devices=sorted({run.device for run in finals}),
    )


def _lines(cell: SuiteCell, links: Links) -> Iterator[BudgetLine]:
    for selection in cell.selections:
        runs = selection.runs
        yield BudgetLine(
            cell=cell,
            protocol=selection.protocol,
            done=sum(run.status == "done" for run in runs.values()),
            failed=[seed for seed, run in runs.items() if run.status != "done"],
            missing=[seed for seed in cell.seeds if seed not in runs],
            seconds=sum(run.seconds for run in runs.values()),
            devices=sorted({run.device for run in runs.values()}),
            commits=sorted({run.commit[:10] for run in runs.values() if run.commit}),
            dirty=sum(run.dirty for run in runs.values()),
            method=links.method(cell),
            search=links.search(cell),
        )


def _unequal(report: Report) -> Iterator[str]:
    budgets: dict[str, set[tuple[int, int]]] = {}
    for cell in report.cells:
        if cell.search is not None:
            budgets.setdefault(cell.section, set()).add((cell.search.budget, len(cell.search.trials)))
    return (section for section, of in budgets.items() if len(of) > 1)
