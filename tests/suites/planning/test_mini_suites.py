"""The suites on generated data hold steps equal, validate often enough to tell convergence, and share their runs."""

from __future__ import annotations

import pytest

from provbench.results.statistics import ending
from provbench.suites.file import builtin_suites, load_suite
from provbench.suites.planning import make_plan

MINI = sorted(name for name in builtin_suites() if name.startswith("mini"))
CHOSEN_WITH = {100, 101}
"""Seeds of the trainings by which the suites' parameters were chosen."""


@pytest.mark.parametrize("name", MINI)
def test_a_mini_suite_holds_steps_equal_and_validates_often_enough_to_tell_convergence(name: str) -> None:
    suite = load_suite(name).suite
    for task in suite.tasks:
        budget = suite.budget_of(task)
        assert budget is not None
        assert budget.steps is not None
        assert budget.validations is not None
        places = [budget.steps * (part + 1) / budget.validations for part in range(budget.validations)]
        assert ending(places, [50.0] * len(places)).state != "unknown"


@pytest.mark.parametrize("name", MINI)
def test_a_mini_suite_has_other_seeds_than_those_that_its_parameters_were_chosen_with(name: str) -> None:
    assert not CHOSEN_WITH & set(load_suite(name).suite.seeds)


@pytest.mark.parametrize(
    ("name", "methods"),
    [
        ("mini_shortcut", {"edits", "edits+guidance", "edits+coarse", "edits+coarse-everything"}),
        ("mini_estimators", {"cutmix", "cutmix+guidance", "edits", "edits+coarse"}),
    ],
)
def test_a_suite_with_more_seeds_and_rows_repeats_no_run_of_the_main_one(name: str, methods: set[str]) -> None:
    main, own = _keys("mini"), _keys(name)
    shared = main.keys() & own.keys()
    assert {method for _, method, _ in shared} >= methods
    assert all(main[run] == own[run] for run in shared)


def _keys(name: str) -> dict[tuple[str, str, int], str]:
    return {
        (cell.name, cell.method, seed): cell.spec(seed, "final", "fingerprint").key
        for cell in make_plan(load_suite(name)).cells
        for seed in load_suite(name).suite.seeds
    }
