"""The notes on how long a table's runs were trained, whether that was enough, and what its tests could have seen."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from statistics import fmean

from provbench.registry import budget_of

from ..store import SHARE, RunRecord
from .costs import COSTS
from .detectable import sights
from .endings import RELEVANT, RunEnding, run_endings, runs_of
from .model import LEVEL, RISING, Table

WEAK = 1.0
"""Percent of the loss's parameter gradient below which a penalty is said to be weak."""

ALIKE = 0.01
"""Numbers of steps that differ by less are called equal."""


def budget_notes(table: Table) -> Iterator[str]:
    """Yields what was held equal between the runs of each task, and by how much their updates differ."""
    steps: dict[str, dict[str, set[int]]] = defaultdict(lambda: defaultdict(set))
    budgets: dict[str, dict[str, dict[str, None]]] = defaultdict(lambda: defaultdict(dict))
    for place in table.places():
        for run in runs_of(place.entry, place.cell):
            unit, size = budget_of(run.parameters)
            if size:
                budgets[place.column.task][f"{size:g} {unit if size != 1 else unit[:-1]}"][place.title] = None
            if run.steps:
                steps[place.column.task][place.title].add(run.steps)
    for task, of in budgets.items():
        each = {title: fmean(counts) for title, counts in steps[task].items()}
        if len(of) > 1:
            told = "; ".join(f"{budget}: {', '.join(titles)}" for budget, titles in of.items())
            yield f"MIXED BUDGETS of {task}: {told}.{_updates(each)}"
        elif of:
            yield f"Budget of {task}: {next(iter(of))}.{_updates(each)}"


def _updates(each: dict[str, float]) -> str:
    """Returns the numbers of steps of the rows' runs, if they differ."""
    if not each or max(each.values()) <= (1 + ALIKE) * min(each.values()):
        return f" {max(each.values()):.0f} steps each." if each else ""
    least = min(each.values())
    told = ", ".join(f"{title} {steps:.0f} ({100 * (steps / least - 1):+.0f} %)" for title, steps in each.items())
    return f" The numbers of steps differ: {told}."


def convergence_notes(table: Table) -> Iterator[str]:
    """Yields how many of each task's runs were still improving when they stopped, and by how much."""
    by_task: dict[str, list[RunEnding]] = defaultdict(list)
    for one in run_endings(table):
        by_task[one.task].append(one)
    for task, runs in by_task.items():
        known = [run for run in runs if run.state != "unknown"]
        if len(known) < len(runs):
            yield (
                f"Convergence of {task}: {len(runs) - len(known)} of {len(runs)} runs have too few validations to tell "
                "whether they were still improving."
            )
        if known:
            yield _convergence(task, known)


def _convergence(task: str, runs: list[RunEnding]) -> str:
    gains: dict[str, list[float]] = defaultdict(list)
    for run in runs:
        if run.state == "improving":
            gains[run.row].append(run.gain)
    count = sum(map(len, gains.values()))
    each = "".join(
        f"{', ' if number else ': '}{row} {fmean(of):+.1f} in the last fifth ({len(of)})"
        for number, (row, of) in enumerate(gains.items())
    )
    falling = sum(run.loss_falling for run in runs)
    mark = f" {RISING} marks their cells." if count else ""
    return (
        f"Convergence of {task}: {count} of {len(runs)} runs were still improving on val when they stopped{each}; the "
        f"training loss was still falling in {falling}. (Slope of the last fifth, p < 0.05, from {RELEVANT:g} points "
        f"on; a learning rate that ends at zero flattens a curve, too.){mark}"
    )


def strength_notes(table: Table) -> Iterator[str]:
    """Yields the penalties whose parameter gradient stayed under a hundredth of the loss's in all runs of a row."""
    largest: dict[str, dict[tuple[str, str], float]] = defaultdict(dict)
    for place in table.places():
        for run in runs_of(place.entry, place.cell):
            for name, share in _shares(run).items():
                key = (place.title, name)
                largest[place.column.task][key] = max(share, largest[place.column.task].get(key, 0.0))
    for task, shares in largest.items():
        weak = [f"{title} ({name}: {share:.2g} %)" for (title, name), share in shares.items() if share < WEAK]
        if weak:
            yield (
                f"Penalties of {task} that can hardly have mattered, as their parameter gradient never was {WEAK:g} % "
                f"of the loss's: {', '.join(weak)}."
            )


def _shares(run: RunRecord) -> dict[str, float]:
    """Returns the largest share of each penalty in a run's curve, in percent."""
    names = [name for name in run.curve_names() if name.startswith(SHARE)]
    return {name.removeprefix(SHARE): max(run.series(name)[1]) for name in names}


def detectable_notes(table: Table) -> Iterator[str]:
    """Yields the smallest differences that the table's tests could have distinguished from noise, and what they adjust
    for.
    """
    found = [sight for sight in sights(table) if sight.column not in _cost_titles(table)]
    if not found:
        return
    by_design: dict[tuple[int, int], list[str]] = defaultdict(list)
    for sight in found:
        effect = min(sight.effect, 100.0) if sight.unit == "%" else sight.effect
        by_design[sight.seeds, sight.comparisons].append(f"{effect:.1f} ({sight.column})")
    for (seeds, comparisons), effects in by_design.items():
        yield (
            f"With {seeds} seeds and {comparisons} comparison{'s' * (comparisons > 1)} a column, differences below "
            f"{', '.join(effects)} could not have been told from noise (power 0.8 at p < {LEVEL:g} after Holm's "
            "adjustment, from the spread of the paired differences)."
        )
    if any(sight.comparisons > 1 for sight in found):
        yield (
            f"Holm's adjustment keeps the chance of any false find in a column at {100 * LEVEL:g} %; over several "
            "columns or tables the chances add up."
        )


def _cost_titles(table: Table) -> set[str]:
    return {column.title for column in table.columns if column.metric in COSTS}
