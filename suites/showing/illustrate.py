"""The figures of a suite."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations
from math import isfinite, nan
from typing import TYPE_CHECKING, Any

from provbench.registry.base import file_name
from provbench.results.figures import convergence_figure, cost_figure, sweep_figure
from provbench.results.statistics import Ranks, Summary, TaskScores, critical_difference_diagram, rank_methods
from provbench.results.store import RunRecord
from provbench.results.tables import COSTS

from ..planning import Cell, Plan
from .overview import CellState

if TYPE_CHECKING:
    from matplotlib.figure import Figure

OUTSIDE = "gradient outside"
"""Name of the gradient probe's value in a curve: percent of the input gradient's energy outside of the target."""

LOSS = "loss_classification"
"""The mean training loss of an epoch without penalties, which is in a curve at every epoch."""

PRICES = ("time per step", "time per epoch")
"""Costs that scores are shown against: the first of them that all runs have."""

RANKED_METHODS, RANKED_TASKS = 3, 2
"""Smallest numbers of methods and tasks for a critical difference."""


def make_figures(plan: Plan, states: Sequence[CellState]) -> dict[str, Figure]:
    """Returns the figures by file name: how each task's methods converge on val and in training, where their gradients
    are, what they cost, what swept parameters do, and how methods rank over the tasks that share them. Only what the
    available records can show.
    """
    figures: dict[str, Figure] = {}
    for name, cell in _sections(plan).items():
        done = _done_by_label([state for state in states if state.cell.name == name])
        if done:
            figures.update(_of_task(name, cell, done))
    figures.update(_sweeps(plan, states))
    ranks = _ranks(plan, states)
    if ranks is not None:
        title = "Mean ranks by the main metric of each task"
        figures["critical-difference"] = critical_difference_diagram(ranks, title=title)
    return figures


def _of_task(name: str, cell: Cell, done: Mapping[str, Sequence[RunRecord]]) -> Iterator[tuple[str, Figure]]:
    info, title = cell.task.info, _title(cell)
    curves = {label: [run.curve for run in runs] for label, runs in done.items()}
    yield (
        f"{file_name(name)}-convergence",
        convergence_figure(curves, cell.selection_metric(cell.protocol), f"{title}: val"),
    )
    if any(LOSS in entry for runs in curves.values() for curve in runs for entry in curve):
        yield f"{file_name(name)}-loss", convergence_figure(curves, LOSS, f"{title}: training loss without penalties")
    if any(OUTSIDE in entry for runs in curves.values() for curve in runs for entry in curve):
        yield (
            f"{file_name(name)}-gradient",
            convergence_figure(curves, OUTSIDE, f"{title}: input gradient outside of the target [%]"),
        )
    metric, unit = info.main_metric, info.metrics[0].unit
    price = _price([run for runs in done.values() for run in runs])
    found = {label: _price_and_score(runs, price, metric) for label, runs in done.items()}
    points = {label: pair for label, pair in found.items() if pair is not None}
    if points:
        better = info.metrics[0].higher_is_better
        figure = cost_figure(
            points, f"{price} [{COSTS[price].unit}]", f"{metric} [{unit}]", title, higher_is_better=better
        )
        yield f"{file_name(name)}-cost", figure


def _sweeps(plan: Plan, states: Sequence[CellState]) -> Iterator[tuple[str, Figure]]:
    """Yields a figure of each method that sweeps one parameter over numbers, on each task."""
    for method, points in plan.file.sweeps.items():
        parameter, values = _numeric_axis(points)
        for name in _sections(plan):
            swept = {state.cell.method: state for state in states if state.cell.name == name}
            mine = {values[point]: swept[point] for point in values if point in swept}
            found = {value: score for value, state in mine.items() if (score := _score(state)) is not None}
            if len(found) > 1:
                cell = next(iter(mine.values())).cell
                metric, title = cell.task.info.metrics[0], f"{_title(cell)}: {cell.label.rpartition(' (')[0]}"
                yield (
                    f"{file_name(name)}-{file_name(method)}-sweep",
                    sweep_figure(
                        found,
                        parameter,
                        f"{metric.name} [{metric.unit}]",
                        reference=_without(parameter, cell, list(swept.values())),
                        title=title,
                        log=(space := cell.default_spaces().get(parameter)) is not None and space.log,
                    ),
                )


def _numeric_axis(points: Mapping[str, Mapping[str, object]]) -> tuple[str, dict[str, float]]:
    """The parameter of a sweep, and its value by point; no values for a sweep of several, or not of numbers."""
    names = {name for point in points.values() for name in point}
    if len(names) != 1:
        return "", {}
    (name,) = names
    values = {point: params[name] for point, params in points.items()}
    return name, {point: float(v) for point, v in values.items() if isinstance(v, (int, float)) and v is not True}


def _without(parameter: str, swept: Cell, states: Sequence[CellState]) -> tuple[str, Summary] | None:
    """The label and the score of the method that differs from a swept one in not having the parameter's plugin."""
    plugin = parameter.rpartition(".")[0]
    for state in states:
        if plugin and _composition(state.cell) == _composition(swept, plugin) and (score := _score(state)) is not None:
            return state.cell.label, score
    return None


def _composition(cell: Cell, without: str = "") -> tuple[Any, ...]:
    """Returns the composition of a cell without one plugin."""
    parts = {(part.registry.kind, part.name): part.values for part in cell.parts if part.name != without}
    overrides = {name: value for name, value in cell.overrides.items() if name.rpartition(".")[0] != (without or None)}
    return parts, overrides, cell.values


def _ranks(plan: Plan, states: Sequence[CellState]) -> Ranks | None:
    """Returns the ranks of the methods on the tasks that share enough of them: as many tasks as possible, each once."""
    scores: dict[str, dict[str, float]] = {}
    sections = {cell.task.name: cell for cell in reversed(_sections(plan).values())}
    for task, cell in sections.items():
        of_task = [state for state in states if state.cell.name == cell.name]
        found = {state.cell.method: score.mean for state in of_task if (score := _score(state)) is not None}
        scores[task] = found
    best: list[str] = []
    for pair in combinations(scores, RANKED_TASKS):
        shared = set.intersection(*(set(scores[task]) for task in pair))
        tasks = [task for task in scores if shared <= scores[task].keys()]
        if len(shared) >= RANKED_METHODS and len(tasks) > len(best):
            best = tasks
    if not best:
        return None
    labels = _labels(states)
    return rank_methods(
        [
            TaskScores(
                task,
                {labels[method]: score for method, score in scores[task].items()},
                sections[task].task.info.metrics[0].higher_is_better,
            )
            for task in best
        ]
    )


def _sections(plan: Plan) -> dict[str, Cell]:
    """One cell for each task section, in the suite's order."""
    found = plan.sections()
    return {name: found[name] for name in plan.file.suite.tasks if name in found}


def _title(cell: Cell) -> str:
    title = cell.task.info.title
    return f"{title} ({cell.variant.badge})" if cell.variant.badge else title


def _labels(states: Sequence[CellState]) -> dict[str, str]:
    """Returns the label of each method, with its name if another method has the same label."""
    labels = {state.cell.method: state.cell.label for state in states}
    count = Counter(labels.values())
    return {method: label if count[label] == 1 else f"{label} [{method}]" for method, label in labels.items()}


def _done_by_label(states: Sequence[CellState]) -> dict[str, list[RunRecord]]:
    labels = _labels(states)
    return {labels[state.cell.method]: records for state in states if (records := _done(state))}


def _done(state: CellState) -> list[RunRecord]:
    return [record for record in state.under().records if record.status == "done"]


def _score(state: CellState) -> Summary | None:
    """The task's main metric."""
    return _summary(run.test.get(state.cell.task.info.main_metric, nan) for run in _done(state))


def _price(runs: Sequence[RunRecord]) -> str:
    """Returns the name of the first cost that every run has."""
    return next((name for name in PRICES if all(isfinite(COSTS[name].of(run, "")) for run in runs)), PRICES[-1])


def _price_and_score(runs: Sequence[RunRecord], price: str, metric: str) -> tuple[Summary, Summary] | None:
    cost = _summary(COSTS[price].of(run, "") for run in runs)
    score = _summary(run.test.get(metric, nan) for run in runs)
    return None if cost is None or score is None else (cost, score)


def _summary(values: Iterable[float]) -> Summary | None:
    finite = [value for value in values if isfinite(value)]
    return Summary.of(finite) if finite else None
