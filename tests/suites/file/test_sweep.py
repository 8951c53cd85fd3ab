"""A sweep stands for one method at each combination of its values, wherever the suite names it."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from provbench.registry import UserError
from provbench.suites.driving.cell_runs import search_base
from provbench.suites.driving.driver import Tally
from provbench.suites.driving.output import Output
from provbench.suites.file.sections import Suite
from provbench.suites.file.sweep import expand_sweeps
from provbench.suites.planning.plan import Plan
from provbench.suites.showing.overview import survey, untouched
from provbench.suites.showing.tabulate import make_tables

SUITE = """\
name: toy
seeds: [0]
tasks:
  toy:
    variant: mini
    params: {epochs: 1, train_size: 16}
    overrides:
      guided: {momentum: 0.8, lr: 0.1}
      "guided[gradient-guidance.alpha=0.3, cutmix.prob=1]": {momentum: 0.7}
methods:
  baseline: {}
  guided:
    label: Guidance
    augmentation: cutmix
    regularizers: [gradient-guidance]
    overrides: {lr: 0.2}
    sweep: {gradient-guidance.alpha: [0.1, 0.3], cutmix.prob: [0, 1]}
"""
POINTS = [f"guided[gradient-guidance.alpha={alpha}, cutmix.prob={prob}]" for alpha, prob in product((0.1, 0.3), (0, 1))]


def test_every_combination_is_a_method_in_its_place(make: Callable[..., Plan]) -> None:
    plan = make(SUITE)
    assert [cell.method for cell in plan.cells] == ["baseline", *POINTS]
    assert [cell.label for cell in plan.cells[1:]] == [
        f"Guidance (alpha={alpha}, prob={prob})" for alpha, prob in product((0.1, 0.3), (0, 1))
    ]
    values = [cell.spec(0, "final", "f").parameters for cell in plan.cells[1:]]
    found = [(one["gradient-guidance.alpha"], one["cutmix.prob"]) for one in values]
    assert found == list(product((0.1, 0.3), (0, 1)))
    assert len({spec.key for cell in plan.cells for spec in plan.final_specs(cell, "f")}) == 5


def test_overrides_of_the_sweep_are_of_each_point_and_those_of_a_point_count_more(make: Callable[..., Plan]) -> None:
    cells = {cell.method: cell.spec(0, "final", "f").parameters for cell in make(SUITE).cells}
    assert [cells[point]["momentum"] for point in POINTS] == [0.8, 0.8, 0.8, 0.7]
    assert {cells[point]["lr"] for point in POINTS} == {0.1}, "a task's override beats the method's"
    assert cells["baseline"]["momentum"] == 0.9


@pytest.mark.parametrize("methods", ["[guided]", f"[guided, {POINTS[1]!r}]"])
def test_a_task_names_the_sweep_for_all_its_points(make: Callable[..., Plan], methods: str) -> None:
    text = SUITE.replace("variant: mini", f"variant: mini\n    methods: {methods}")
    assert [cell.method for cell in make(text).cells] == POINTS
    one = SUITE.replace("variant: mini", f"variant: mini\n    methods: [{POINTS[1]!r}, baseline]")
    assert [cell.method for cell in make(one).cells] == [POINTS[1], "baseline"]


def test_a_sweep_of_one_value_is_a_point_as_well(make: Callable[..., Plan]) -> None:
    plan = make(SUITE.replace("baseline: {}", "baseline: {sweep: {lr: [0.5]}}"))
    assert plan.cells[0].method == "baseline[lr=0.5]"
    assert plan.cells[0].spec(0, "final", "f").parameters["lr"] == 0.5


def test_short_labels_name_their_parameters_in_full_where_two_would_be_one(make: Callable[..., Plan]) -> None:
    sweep = "sweep: {rrr.strength: [0.1], double-backprop.strength: [0.2]}}"
    two = f"  two: {{regularizers: [rrr, double-backprop], {sweep}\n"
    assert make(SUITE + two).cells[-1].label == "two (rrr.strength=0.1, double-backprop.strength=0.2)"


def test_a_search_varies_no_parameter_that_is_swept(make: Callable[..., Plan]) -> None:
    searching = "search: {trials: 3, space: {lr: null, gradient-guidance.alpha: null}}\n"
    plan = make(SUITE + searching)
    assert {name: list(plan.spaces(cell)) for name, cell in ((cell.method, cell) for cell in plan.cells)} == {
        "baseline": ["lr"],
        **{point: ["lr"] for point in POINTS},
    }
    everything = make(SUITE + "search: {trials: 3}\n")
    for cell in everything.cells[1:]:
        assert not {"gradient-guidance.alpha", "cutmix.prob"} & set(everything.spaces(cell))
        assert "lr" in everything.spaces(cell)
    assert len({search_base(plan, cell, "f").key for cell in plan.cells}) == 5


@pytest.mark.slow
def test_rows_that_name_the_sweep_are_its_points(
    make: Callable[..., Plan], drive: Callable[..., Tally], output: Output, tmp_path: Path
) -> None:
    rows = f"[baseline, {{method: guided, label: Ours, group: new}}, {{method: {POINTS[0]!r}, label: One}}]"
    plan = make(SUITE + f"tables:\n- {{name: t, task: toy, baseline: {POINTS[0]!r}, rows: {rows}}}\n")
    drive(plan)
    (table,) = make_tables(plan, survey(plan, output, tmp_path / "data")).values()
    assert [row.method for row in table.rows] == ["baseline", *POINTS, POINTS[0]]
    assert [row.title for row in table.rows] == [
        "baseline",
        *(f"Ours (alpha={alpha}, prob={prob})" for alpha, prob in product((0.1, 0.3), (0, 1))),
        "One",
    ]
    records = {record.method: record for record in output.store.records()}
    for row, cells in zip(table.rows, table.cells, strict=True):
        assert cells[0].keys == {0: records[row.method].key}


PLAIN = """\
name: toy
tasks: {toy: {variant: mini}}
methods:
  baseline: {}
  guided: {regularizers: [gradient-guidance], sweep: {gradient-guidance.alpha: [0.1, 0.3]}}
"""


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "baseline: {}",
            "guided[gradient-guidance.alpha=0.1]: {}",
            "a point of a sweep has the name of another method",
        ),
        ("[0.1, 0.3]", "[0.1, 0.1]", "methods.guided.sweep: has a value twice"),
        ("[0.1, 0.3]", "[]", "methods.guided.sweep.gradient-guidance.alpha"),
        ("[0.1, 0.3]", "[0.1, -1]", "greater than or equal to 0 (got -1)"),
        ("alpha", "alfa", "unknown parameter 'gradient-guidance.alfa': did you mean 'gradient-guidance.alpha'"),
        ("variant: mini", "methods: ['guided[x=1]']", "unknown method 'guided[x=1]'"),
        ("variant: mini", "overrides: {gided: {lr: 1}}", "unknown method 'gided': did you mean 'guided'"),
    ],
)
def test_sweeps_that_cannot_be(make: Callable[..., Plan], old: str, new: str, message: str) -> None:
    assert len(make(PLAIN).cells) == 3
    with pytest.raises(UserError) as raised:
        make(PLAIN.replace(old, new))
    assert message in str(raised.value)


@pytest.mark.parametrize("baseline", ["guided", "basline"])
def test_a_baseline_is_one_method(make: Callable[..., Plan], baseline: str) -> None:
    plan = make(SUITE + f"tables: [{{name: t, task: toy, baseline: {baseline}}}]\n")
    with pytest.raises(UserError) as raised:
        make_tables(plan, untouched(plan))
    assert f"{baseline!r}" in str(raised.value)
    assert "baseline" in str(raised.value)
    assert POINTS[0] in str(raised.value) or baseline == "basline"


names = st.sampled_from(["lr", "momentum", "cutmix.prob"])
sweeps = st.dictionaries(names, st.lists(st.integers(0, 99), min_size=1, max_size=3, unique=True), max_size=3)


@given(sweep=sweeps, other=sweeps)
def test_a_suite_has_as_many_methods_as_combinations(sweep: dict[str, list[int]], other: dict[str, list[int]]) -> None:
    suite = expand_sweeps(
        Suite.model_validate(
            {"name": "s", "tasks": {"toy": {}}, "methods": {"m": {"sweep": sweep}, "n": {"sweep": other}}}
        )
    )
    wanted = [dict(zip(one, values, strict=True)) for one in (sweep, other) for values in product(*one.values())]
    assert [method.overrides for method in suite.methods.values()] == wanted
