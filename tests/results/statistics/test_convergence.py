from __future__ import annotations

from math import sqrt

import numpy as np
import pytest

from provbench.results.statistics import Contender, could_change, ending, endings

RUNS = 2000


def noise(values: int, alike: float = 0.0) -> np.ndarray:
    """(RUNS, values) of standard deviation 1 whose neighbours correlate by `alike`."""
    rng = np.random.default_rng(values)
    drawn = rng.standard_normal((RUNS, values))
    for place in range(1, values):
        drawn[:, place] = alike * drawn[:, place - 1] + sqrt(1 - alike**2) * drawn[:, place]
    return drawn


def improving(curves: np.ndarray, epochs: np.ndarray) -> float:
    return float(np.mean([ending(epochs.tolist(), c.tolist(), relevant=0).state == "improving" for c in curves]))


def epochs_with(values: int) -> np.ndarray:
    """Epochs of which the end has so many validations: the last 6 of 12, or the last fifth of many."""
    return np.arange(1, 13) if values == 6 else np.arange(1, 5 * values + 1)


@pytest.mark.parametrize("values", [6, 10, 20])
@pytest.mark.parametrize(("alike", "stated"), [(0.0, 0.05), (0.5, 0.10)])
def test_false_alarms_on_known_plateaus(values: int, alike: float, stated: float) -> None:
    epochs = epochs_with(values)
    curves = 80 - 40 * np.exp(-epochs / epochs[-1] * 40) + noise(len(epochs), alike)
    assert improving(curves, epochs) <= stated + 3 * sqrt(stated * (1 - stated) / RUNS)


@pytest.mark.parametrize(("values", "rise", "stated"), [(6, 8.0, 0.15), (20, 4.0, 0.05)])
def test_misses_on_curves_that_still_rise(values: int, rise: float, stated: float) -> None:
    epochs = epochs_with(values)
    curves = rise / (values - 1) * epochs + noise(len(epochs))
    missed = 1 - improving(curves, epochs)
    assert missed <= stated + 3 * sqrt(stated * (1 - stated) / RUNS)


def test_the_gain_is_that_of_a_fifth_of_the_run() -> None:
    epochs = [float(epoch) for epoch in range(1, 51)]
    found = ending(epochs, [60 + 0.3 * epoch for epoch in epochs])
    assert (found.state, found.values) == ("improving", 10)
    assert found.gain == pytest.approx(0.3 * 10)


def test_steps_give_what_epochs_give() -> None:
    values = np.random.default_rng(1).random(40).tolist()
    epochs = [float(epoch) for epoch in range(1, 41)]
    one, other = ending(epochs, values), ending([17 * epoch for epoch in epochs], values)
    assert (one.gain, one.p) == (pytest.approx(other.gain), pytest.approx(other.p))


def test_a_loss_improves_by_falling() -> None:
    epochs = [float(epoch) for epoch in range(1, 41)]
    falling = [2 - 0.04 * epoch for epoch in epochs]
    assert ending(epochs, falling, higher_is_better=False).state == "improving"
    assert ending(epochs, falling).state == "settled"


def test_a_gain_too_small_to_matter_does_not_count() -> None:
    epochs = [float(epoch) for epoch in range(1, 41)]
    slow = [60 + 0.05 * epoch for epoch in epochs]
    assert ending(epochs, slow, relevant=0.5).state == "settled"
    assert ending(epochs, slow, relevant=0.3).state == "improving"


@pytest.mark.parametrize("validations", [0, 1, 5, 10])
def test_too_few_validations_tell_nothing(validations: int) -> None:
    epochs = [float(epoch) for epoch in range(1, validations + 1)]
    assert ending(epochs, epochs).state == ("unknown" if validations < 10 else "improving")


def test_values_that_are_not_finite_do_not_count() -> None:
    epochs = [float(epoch) for epoch in range(1, 11)]
    assert ending(epochs, [*epochs[:5], *[float("nan")] * 5]).state == "unknown"


def test_a_flat_line_has_settled() -> None:
    epochs = [float(epoch) for epoch in range(1, 31)]
    assert ending(epochs, [71.5] * 30).state == "settled"


class TestOrder:
    def test_the_lower_might_overtake(self) -> None:
        low, high = Contender("baseline", 73.0, 15.0), Contender("swap", 86.0)
        assert could_change([high, low]) == [(low, high)]

    def test_what_the_higher_might_gain_changes_no_order(self) -> None:
        assert could_change([Contender("baseline", 73.0), Contender("swap", 86.0, 15.0)]) == []

    def test_of_what_is_better_when_lower_the_higher_number_is_the_lower_row(self) -> None:
        worse, better = Contender("a", 0.5, 0.2), Contender("b", 0.4)
        assert could_change([better, worse], higher_is_better=False) == [(worse, better)]


@pytest.mark.parametrize("higher_is_better", [True, False])
def test_several_curves_at_once_are_the_curves_one_by_one(higher_is_better: bool) -> None:
    places = list(range(1, 41))
    curves = [*(noise(40)[:20] + 0.05 * np.arange(40)).tolist(), [1.0] * 40, [0.5 * place for place in places]]
    found = endings(places, curves, higher_is_better=higher_is_better, relevant=0.5)
    for one, curve in zip(found, curves, strict=True):
        alone = ending(places, curve, higher_is_better=higher_is_better, relevant=0.5)
        assert (one.state, one.values) == (alone.state, alone.values)
        assert (one.gain, one.p) == pytest.approx((alone.gain, alone.p))
    assert endings([1.0, 2.0], [[1.0, 2.0]] * 3)[2].state == "unknown"
