"""The budget that a suite holds equal reaches every run, and nothing beside it sets it again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from provbench.registry import UserError
from provbench.suites.driving.driver import Driver
from provbench.suites.driving.output import Output
from provbench.suites.executors.inline import Inline
from provbench.suites.planning.plan import Plan
from provbench.suites.planning.spec import Place, RunSpec

SUITE = """\
name: s
seeds: [0]
budget: {BUDGET}
tasks:
  toy: {{variant: mini, params: {{train_size: 32{PARAMS}}}{SECTION}}}
methods:
  baseline: {{{METHOD}}}
  cutmix: {{augmentation: cutmix}}
"""

Make = Callable[[str], Plan]


def suite(budget: str = "{steps: 8}", params: str = "", section: str = "", method: str = "", more: str = "") -> str:
    return SUITE.format(BUDGET=budget, PARAMS=params, SECTION=section, METHOD=method) + more


def specs(plan: Plan) -> list[RunSpec]:
    return [cell.spec(0, "final", "data") for cell in plan.cells]


@pytest.mark.parametrize(
    ("budget", "expected"),
    [
        ("{epochs: 4}", {"epochs": 4, "steps": None, "val_every": 1}),
        ("{epochs: 40, validations: 20}", {"epochs": 40, "val_every": 2}),
        ("{epochs: 30, validations: 20}", {"epochs": 30, "val_every": 2}),
        ("{steps: 8}", {"steps": 8, "validations": 20}),
        ("{samples: 100, validations: 5}", {"samples": 100, "validations": 5}),
        ("{seconds: 1.5}", {"seconds": 1.5}),
    ],
)
def test_every_run_has_the_budget(make: Make, budget: str, expected: dict[str, Any]) -> None:
    for spec in specs(make(suite(budget))):
        assert {name: spec.task.params[name] for name in expected} == expected


def test_a_task_s_own_counts_more(make: Make) -> None:
    for spec in specs(make(suite(section=", budget: {samples: 64}"))):
        assert (spec.task.params["samples"], spec.task.params["steps"]) == (64, None)


def test_a_budget_of_epochs_is_the_recipe_s_own_parameter_and_has_its_key(make: Make) -> None:
    (first, _), (other, _) = specs(make(suite("{epochs: 4}"))), specs(make(suite("null", ", epochs: 4")))
    assert first.key == other.key
    assert specs(make(suite("{steps: 8}")))[0].key != first.key


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (suite("{}"), "a budget has one of epochs, steps, samples, seconds .got none"),
        (suite("{epochs: 3, steps: 8}"), "got epochs and steps"),
        (suite("{steps: 0}"), "budget.steps: must be greater than or equal to 1"),
        (suite(params=", steps: 9"), r"tasks.toy.params.steps: steps is held equal by the budget in .*:3: budget"),
        (suite("{epochs: 3}", params=", epochs: 9"), "epochs is held equal by the budget"),
        (suite(method="params: {seconds: 3}"), "methods.baseline.params.seconds: seconds is held equal"),
        (suite(method="overrides: {val_every: 3}"), "methods.baseline: val_every is held equal"),
        (suite(method="sweep: {samples: [32, 64]}"), "samples is held equal"),
        (suite(section=", overrides: {cutmix: {validations: 3}}"), "overrides.cutmix.validations: validations is held"),
        (suite(more="search: {trials: 2, space: {steps: {choices: [1, 2]}}}\n"), "search.space.steps: steps is held"),
        (suite("null", params=", steps: 8, samples: 8"), "steps and samples are given: a run has one budget"),
    ],
)
def test_what_is_refused(make: Make, text: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        make(text)


def test_under_another_budget_the_epochs_are_parts_of_the_schedule(make: Make) -> None:
    assert specs(make(suite(params=", epochs: 9, step_epochs: 3")))[0].task.params["epochs"] == 9


def test_methods_with_different_numbers_of_samples_have_as_many_updates(
    make: Make, output: Output, tmp_path: Path
) -> None:
    sizes = "methods:\n  few: {params: {train_size: 32}}\n  many: {params: {train_size: 80}}\n"
    updates = {}
    for budget in ("{steps: 8, validations: 2}", "{epochs: 2}"):
        head = f"name: s\nseeds: [0]\nbudget: {budget}\ntasks:\n  toy: {{variant: mini}}\n"
        plan = make(head + sizes)
        Driver(plan, output, Inline(), Place(tmp_path / "data", output.work)).run()
        fingerprints = plan.fingerprints(tmp_path / "data")
        keys = [cell.spec(0, "final", fingerprints[cell]).key for cell in plan.cells]
        updates[budget] = [run.steps for key in keys if (run := output.store.get(key))]
    assert updates == {"{steps: 8, validations: 2}": [8, 8], "{epochs: 2}": [4, 10]}


def test_a_search_prunes_at_validations(make: Make, output: Output, tmp_path: Path) -> None:
    text = suite("{steps: 8, validations: 4}") + (
        "search: {trials: 4, startup: 1, sampler: random, pruner: {name: hyperband}, space: {lr: null}}\n"
    )
    tally = Driver(make(text), output, Inline(), Place(tmp_path / "data", output.work)).run()
    assert tally.complete
