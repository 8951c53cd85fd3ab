"""What bounds a run, from its parameters."""

from __future__ import annotations

from typing import Any

import pytest

from provbench.registry import Recipe, UserError, budget_of, periods_of
from provbench.registry.params import implied, validate_params


def params(**values: Any) -> dict[str, Any]:
    return Recipe(model="net", **values).model_dump()


@pytest.mark.parametrize(
    ("values", "budget", "periods"),
    [
        ({"epochs": 7}, ("epochs", 7), 7),
        ({"steps": 100}, ("steps", 100), 20),
        ({"steps": 3}, ("steps", 3), 3),
        ({"samples": 100, "batch_size": 32, "validations": 9}, ("samples", 100), 4),
        ({"seconds": 2.5, "validations": 9}, ("seconds", 2.5), 9),
    ],
)
def test_budget(values: dict[str, Any], budget: tuple[str, float], periods: int) -> None:
    assert budget_of(params(**values)) == budget
    assert periods_of(params(**values)) == periods


def test_records_from_before_budgets_are_of_epochs() -> None:
    assert budget_of({"epochs": 12}) == ("epochs", 12)
    assert periods_of({"epochs": 12}) == 12


def test_a_run_has_one_budget() -> None:
    with pytest.raises(UserError, match=r"^here: steps and seconds are given: a run has one budget$"):
        validate_params(Recipe, {"model": "net", "steps": 5, "seconds": 3}, "here")


def test_without_a_budget_the_key_is_what_it_was() -> None:
    assert {"steps", "samples", "seconds", "validations"} <= set(
        implied(validate_params(Recipe, {"model": "net"}, "here"))
    )
