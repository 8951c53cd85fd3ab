"""Run keys: what changes them, and what must not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from provbench.suites.planning.plan import Plan

from ..conftest import TOY


def keys(plan: Plan, fingerprint: str = "f") -> dict[str, list[str]]:
    return {cell.method: [spec.key for spec in plan.final_specs(cell, fingerprint)] for cell in plan.cells}


def test_order_names_and_company_change_no_key(make: Callable[..., Plan]) -> None:
    base = keys(make())
    reordered = TOY.replace("  baseline: {}\n", "") + "  renamed: {}\n  more: {augmentation: mixup}\n"
    other = keys(make(reordered.replace("name: toy", "name: other").replace("seeds: [0, 1]", "seeds: [1, 0]")))
    assert other["renamed"] == base["baseline"][::-1]
    assert other["cutmix+guidance"] == base["cutmix+guidance"][::-1]


def test_spelling_a_default_out_changes_no_key(make: Callable[..., Plan]) -> None:
    spelled = TOY.replace("prob: 0.5", "prob: 0.5, beta: 1").replace("epochs: 2", "epochs: 2, momentum: 0.9")
    assert keys(make(spelled)) == keys(make())


def test_parameters_seeds_phase_and_data_change_keys(make: Callable[..., Plan]) -> None:
    base = keys(make())
    changed = keys(make(TOY.replace("alpha: 0.03", "alpha: 0.04")))
    assert changed["baseline"] == base["baseline"]
    assert not set(changed["cutmix+guidance"]) & set(base["cutmix+guidance"])
    assert not set(keys(make(), "g")["baseline"]) & set(base["baseline"])
    cell = make().cells[0]
    assert cell.spec(0, "search", "f").key != cell.spec(0, "final", "f").key
    assert len(set(base["baseline"])) == 2


def test_the_order_of_regularizers_changes_no_key(make: Callable[..., Plan]) -> None:
    one = "regularizers: [{name: gradient-guidance, alpha: 0.03}]"
    two = TOY.replace(one, "regularizers: [double-backprop, gradient-guidance]")
    swapped = TOY.replace(one, "regularizers: [gradient-guidance, double-backprop]")
    assert keys(make(two)) == keys(make(swapped))


def test_where_data_and_outputs_lie_is_no_part_of_a_specification(make: Callable[..., Plan], tmp_path: Path) -> None:
    text = make().cells[0].spec(0, "final", "f").model_dump_json(exclude={"plugins"})
    assert str(tmp_path) not in text


def test_suite_overrides_beat_method_and_task_parameters(make: Callable[..., Plan]) -> None:
    text = TOY.replace("{variant: mini,", "{variant: mini, overrides: {cutmix+guidance: {lr: 0.5, cutmix.prob: 1}},")
    by_method = {cell.method: cell.spec(0, "final", "f") for cell in make(text).cells}
    assert by_method["baseline"].parameters["lr"] == 0.05
    assert by_method["cutmix+guidance"].parameters["lr"] == 0.5
    assert by_method["cutmix+guidance"].parameters["cutmix.prob"] == 1.0
