"""The figures of a suite."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from ..results import COSTS, RunRecord, Summary
from ..results.figures import convergence_figure, cost_figure, sweep_figure
from .overview import CellState
from .plan import Plan

if TYPE_CHECKING:
    from matplotlib.figure import Figure

OUTSIDE = "gradient outside"
"""What the gradient probe puts into a curve: percent of the input gradient's energy outside of the target."""


def make_figures(plan: Plan, states: Sequence[CellState]) -> dict[str, Figure]:
    """By file name: how each task's methods converge, where their gradients are, what they cost, and what swept
    parameters do. Only what the records at hand can show."""
    figures: dict[str, Figure] = {}
    for name, cell in plan.sections().items():
        done = {state.cell.label: _done(state) for state in states if state.cell.name == name}
        done = {label: records for label, records in done.items() if records}
        if not done:
            continue
        task, curves = cell.task, {label: [run.curve for run in runs] for label, runs in done.items()}
        selection = cell.selection_metric(cell.protocol)
        figures[f"{name}-convergence"] = convergence_figure(curves, selection, f"{task.info.title}: val")
        if any(OUTSIDE in entry for runs in curves.values() for curve in runs for entry in curve):
            title = f"{task.info.title}: input gradient outside of the target [%]"
            figures[f"{name}-gradient"] = convergence_figure(curves, OUTSIDE, title)
        metric, unit = task.info.main_metric, task.info.metrics[0].unit
        points = {label: pair for label, runs in done.items() if (pair := _price_and_score(runs, metric)) is not None}
        if points:
            figures[f"{name}-cost"] = cost_figure(points, "time per epoch [s]", f"{metric} [{unit}]", task.info.title)
    return {**figures, **_sweeps(plan, states)}


def _sweeps(plan: Plan, states: Sequence[CellState]) -> dict[str, Figure]:
    figures = {}
    for method, points in plan.file.sweeps.items():
        for name, cell in plan.sections().items():
            by_method = {state.cell.method: _done(state) for state in states if state.cell.name == name}
            parameter, values = _numeric_axis(points)
            metric = cell.task.info.main_metric
            found = {
                values[point]: summary
                for point in values
                if (summary := _summary(run.test.get(metric) for run in by_method.get(point, ()))) is not None
            }
            if len(found) > 1:
                label = plan.file.suite.methods[next(iter(points))].label or method
                title = f"{cell.task.info.title}: {label.rpartition(' (')[0]}"
                figures[f"{name}-{_safe(method)}-sweep"] = sweep_figure(found, parameter, metric, title=title)
    return figures


def _numeric_axis(points: Mapping[str, Mapping[str, object]]) -> tuple[str, dict[str, float]]:
    """The parameter of a sweep, and its value by point; no values for a sweep of several, or not of numbers."""
    names = {name for point in points.values() for name in point}
    if len(names) != 1:
        return "", {}
    (name,) = names
    values = {point: params[name] for point, params in points.items()}
    return name, {point: float(v) for point, v in values.items() if isinstance(v, (int, float)) and v is not True}


def _done(state: CellState) -> list[RunRecord]:
    return [record for record in state.under().records if record.status == "done"]


def _price_and_score(runs: Sequence[RunRecord], metric: str) -> tuple[Summary, Summary] | None:
    price = _summary(COSTS["time per epoch"].of(run, "") for run in runs)
    score = _summary(run.test.get(metric) for run in runs)
    return None if price is None or score is None else (price, score)


def _summary(values: Iterable[float | None]) -> Summary | None:
    finite = [value for value in values if value is not None and abs(value) < float("inf")]
    return Summary.of(finite) if finite else None


def _safe(name: str) -> str:
    return "".join(character if character.isalnum() or character in "+.-" else "_" for character in name)
