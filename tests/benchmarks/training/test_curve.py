"""What counts as the best epoch, and the curve that a record has."""

from __future__ import annotations

import math

import pytest

from provbench.benchmarks.training.curve import Validation, best_epoch, curve


def validations(*values: float) -> list[Validation]:
    return [
        Validation(epoch=2 * number, losses={"loss": 1.0}, metrics={"accuracy": value}, probe={})
        for number, value in enumerate(values, start=1)
    ]


@pytest.mark.parametrize(
    ("values", "epoch"),
    [
        ((1.0, 3.0, 2.0), 4),
        ((1.0, 3.0, 3.0), 4),
        ((-5.0,), 2),
        ((math.nan, -1.0, math.nan), 4),
        ((math.inf, 2.0), 4),
        ((math.nan, math.nan), None),
        ((), None),
    ],
)
def test_the_best_epoch_is_the_first_of_the_highest_finite_value(values: tuple[float, ...], epoch: int | None) -> None:
    assert best_epoch(validations(*values), "accuracy") == epoch


def test_an_entry_of_the_curve_is_flat() -> None:
    (one,) = validations(7.0)
    one["probe"] = {"gradient outside": 12.5}
    assert curve([one]) == [{"epoch": 2.0, "loss": 1.0, "accuracy": 7.0, "gradient outside": 12.5}]


def test_every_epoch_has_its_losses_and_validated_ones_their_metrics() -> None:
    losses = {epoch: {"loss": 4.0 - epoch} for epoch in (1, 2, 3, 4)}
    assert curve(validations(5.0), losses) == [
        {"epoch": 1.0, "loss": 3.0},
        {"epoch": 2.0, "loss": 1.0, "accuracy": 5.0},
        {"epoch": 3.0, "loss": 1.0},
        {"epoch": 4.0, "loss": 0.0},
    ]


def test_a_run_that_lacks_the_losses_of_its_first_epochs() -> None:
    found = curve(validations(5.0, 6.0), {4: {"loss": 0.5}})
    assert [entry["epoch"] for entry in found] == [2.0, 4.0]
