from __future__ import annotations

from math import sqrt

import numpy as np
import pytest

from provbench.results.statistics import (
    detectable_effect,
    holm,
    paired_power,
    paired_t_test,
    pooled_spread,
    seeds_needed,
)

REPETITIONS = 1000


@pytest.mark.parametrize(("seeds", "comparisons"), [(3, 1), (3, 2), (5, 1), (10, 4)])
def test_a_detectable_difference_is_found_in_four_of_five_simulated_experiments(seeds: int, comparisons: int) -> None:
    """Of Holm's first step: the other comparisons have p-values that are never below this one's."""
    spread = 2.5
    effect = detectable_effect(spread, seeds, comparisons=comparisons)
    draws = np.random.default_rng(seeds).normal(effect, spread, (REPETITIONS, seeds))
    nothing = dict.fromkeys(range(seeds), 0.0)
    found = 0
    for draw in draws:
        p = paired_t_test(dict(enumerate(draw.tolist())), nothing)
        adjusted = holm([p, *[1.0] * (comparisons - 1)])[0]
        found += adjusted is not None and adjusted < 0.05
    assert found / REPETITIONS == pytest.approx(0.8, abs=4 * sqrt(0.8 * 0.2 / REPETITIONS))


def test_published_power() -> None:
    """Cohen (1988): d = 0.5, 34 pairs, two-sided 0.05 have a power of 0.81; G*Power says 0.8078."""
    assert paired_power(0.5, 1.0, 34) == pytest.approx(0.8078, abs=1e-4)
    assert seeds_needed(0.5, 1.0) == 34


def test_no_effect_is_found_at_the_level() -> None:
    assert paired_power(0.0, 1.0, 4) == pytest.approx(0.05, rel=1e-3)
    assert paired_power(0.0, 1.0, 4, comparisons=5) == pytest.approx(0.01, rel=1e-2)


@pytest.mark.parametrize("seeds", [2, 3, 7, 30])
def test_seeds_and_effect_are_inverse(seeds: int) -> None:
    effect = detectable_effect(1.7, seeds, comparisons=3)
    assert paired_power(effect, 1.7, seeds, comparisons=3) == pytest.approx(0.8)
    assert seeds_needed(effect * 1.0001, 1.7, comparisons=3) == seeds


def test_the_effect_scales_with_the_spread_and_falls_with_the_seeds() -> None:
    assert detectable_effect(2.0, 4) == pytest.approx(2 * detectable_effect(1.0, 4))
    effects = [detectable_effect(1.0, seeds) for seeds in range(2, 12)]
    assert effects == sorted(effects, reverse=True)


def test_what_no_affordable_number_of_seeds_finds() -> None:
    assert seeds_needed(0.001, 1.0) is None


def test_spread_in_common() -> None:
    """Two sets, each about its own mean: (2 + 8) / 2 = 5."""
    assert pooled_spread([[1.0, 3.0], [10.0, 14.0], [7.0]]) == pytest.approx(sqrt(5))
    assert pooled_spread([[1.0], []]) is None
    assert pooled_spread([[2.0, 2.0]]) is None


@pytest.mark.parametrize(("spread", "seeds", "comparisons"), [(0.0, 3, 1), (float("nan"), 3, 1), (1, 1, 1), (1, 3, 0)])
def test_what_is_refused(spread: float, seeds: int, comparisons: int) -> None:
    with pytest.raises(ValueError, match=r"spread|paired test"):
        detectable_effect(spread, seeds, comparisons=comparisons)
