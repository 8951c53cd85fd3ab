"""Which figures a suite has."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from provbench.registry import TASKS
from provbench.suites.driving.driver import Tally
from provbench.suites.driving.output import Output
from provbench.suites.planning.plan import Plan
from provbench.suites.showing.illustrate import make_figures
from provbench.suites.showing.overview import CellState, survey, untouched

from ..conftest import TOY

SWEEP = """\
name: sweep
seeds: [0, 1]
tasks:
  toy: {variant: mini, params: {epochs: 2, train_size: 32}}
methods:
  baseline: {}
  cutmix: {label: CutMix, augmentation: {name: cutmix, prob: 0.5}}
  guided:
    label: Guided
    augmentation: {name: cutmix, prob: 0.5}
    regularizers: [gradient-guidance]
    sweep: {gradient-guidance.alpha: [0.01, 0.1, 1.0]}
"""


@pytest.fixture
def states_of(drive: Callable[..., Tally], output: Output, tmp_path: Path) -> Callable[[Plan], list[CellState]]:
    def run(plan: Plan) -> list[CellState]:
        drive(plan)
        return survey(plan, output, tmp_path / "data")

    return run


def test_a_suite_before_its_first_run_has_no_figures(make: Callable[..., Plan]) -> None:
    plan = make()
    assert make_figures(plan, untouched(plan)) == {}


def test_convergence_and_cost_of_each_task(
    make: Callable[..., Plan], states_of: Callable[..., list[CellState]]
) -> None:
    plan = make()
    figures = make_figures(plan, states_of(plan))
    assert {"toy-convergence", "toy-cost"} <= set(figures)
    (axes,) = figures["toy-convergence"].axes
    legend = axes.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["baseline", "cutmix+guidance"]
    assert "MINI" in axes.get_title()


def test_a_sweep_has_its_values_and_the_method_without_it(
    make: Callable[..., Plan], states_of: Callable[..., list[CellState]]
) -> None:
    plan = make(SWEEP)
    states = states_of(plan)
    (axes,) = make_figures(plan, states)["toy-guided-sweep"].axes
    assert np.asarray(axes.get_lines()[0].get_xdata()).tolist() == [0.01, 0.1, 1.0]
    (level,) = (line for line in axes.get_lines() if line.get_linestyle() == "--")
    (cutmix,) = [state for state in states if state.cell.method == "cutmix"]
    scores = [record.test["accuracy"] for record in cutmix.under().records]
    assert np.asarray(level.get_ydata()).tolist() == pytest.approx([sum(scores) / 2] * 2)
    assert axes.get_xlabel() == "gradient-guidance.alpha"
    assert axes.get_xscale() == "log"


def test_a_sweep_of_a_task_s_own_parameter_has_no_method_without_it(
    make: Callable[..., Plan], states_of: Callable[..., list[CellState]]
) -> None:
    plan = make(TOY + "  rates: {sweep: {lr: [0.01, 0.1]}}\n")
    (axes,) = make_figures(plan, states_of(plan))["toy-rates-sweep"].axes
    assert axes.get_legend() is None


@pytest.mark.slow
def test_what_is_no_axis_has_no_figure(make: Callable[..., Plan], states_of: Callable[..., list[CellState]]) -> None:
    plan = make(
        TOY + "  names: {sweep: {optimizer: [sgd, adamw]}}\n" + "  both: {sweep: {lr: [0.01, 0.1], momentum: [0.5]}}\n"
    )
    assert not [name for name in make_figures(plan, states_of(plan)) if name.endswith("-sweep")]


@pytest.fixture
def second_task() -> str:
    """Another task like the first."""
    toy = TASKS.get("toy")
    if "toy-too" not in TASKS:
        TASKS.add("toy-too", type("TooToy", (toy,), {"__doc__": "The same again.", "folder": "toy-too"}))
    return "toy-too"


def test_methods_that_tasks_share_are_ranked(
    make: Callable[..., Plan], states_of: Callable[..., list[CellState]], second_task: str
) -> None:
    two = SWEEP.replace(
        "methods:\n", f"  {second_task}: {{variant: mini, params: {{epochs: 2, train_size: 32}}}}\nmethods:\n", 1
    )
    plan = make(two)
    states = states_of(plan)
    figure = make_figures(plan, states)["critical-difference"]
    words = " ".join(text.get_text() for text in figure.axes[0].texts)
    assert "2 tasks" in words
    assert "Guided (alpha=0.1)" in words
    alone = make(SWEEP)
    assert "critical-difference" not in make_figures(alone, states_of(alone))


@pytest.mark.slow
def test_two_sections_of_one_task_are_no_two_witnesses(
    make: Callable[..., Plan], states_of: Callable[..., list[CellState]]
) -> None:
    again = "  again: {task: toy, variant: mini, params: {epochs: 1, train_size: 32}}\nmethods:\n"
    plan = make(SWEEP.replace("methods:\n", again, 1))
    figures = make_figures(plan, states_of(plan))
    assert {"toy-convergence", "again-convergence"} <= set(figures)
    assert "critical-difference" not in figures


@pytest.mark.slow
def test_tasks_that_share_too_few_methods_are_not_ranked(
    make: Callable[..., Plan], states_of: Callable[..., list[CellState]], second_task: str
) -> None:
    section = "{variant: mini, methods: [baseline, cutmix], params: {epochs: 1, train_size: 32}}"
    one = f"  {second_task}: {section}\nmethods:\n"
    plan = make(SWEEP.replace("methods:\n", one, 1))
    assert "critical-difference" not in make_figures(plan, states_of(plan))


def test_names_of_files_are_safe_and_labels_that_are_alike_are_told_apart(
    make: Callable[..., Plan], states_of: Callable[..., list[CellState]]
) -> None:
    hostile = TOY.replace("  toy: {variant", "  toy..x: {task: toy, variant").replace(
        "baseline: {}", "baseline: {label: same}\n  other: {label: same, params: {batch_size: 8}}"
    )
    plan = make(hostile)
    figures = make_figures(plan, states_of(plan))
    assert not [name for name in figures if "/" in name]
    legend = next(figure for name, figure in figures.items() if name.endswith("convergence")).axes[0].get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["same [baseline]", "same [other]", "cutmix+guidance"]
