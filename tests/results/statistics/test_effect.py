from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.stats
from hypothesis import assume, given, settings, strategies as st

from provbench.results.statistics import Interval, PairedEffect, hedges_correction, paired_effect, paired_t_test

scores = st.floats(0, 100).map(lambda value: round(value, 3))
pairs = st.lists(st.tuples(scores, scores), min_size=3, max_size=8)


def effect(*differences: float, level: float = 0.95) -> PairedEffect:
    found = paired_effect(dict(enumerate(differences)), dict.fromkeys(range(len(differences)), 0.0), level)
    assert found is not None
    return found


def test_by_hand() -> None:
    # differences 3, 3.5, 2.5: mean 3, std 0.5; the correction for two degrees of freedom is Γ(1) / Γ(1/2) = 1 / √π
    found = effect(3.0, 3.5, 2.5)
    assert (found.difference, found.n) == (3.0, 3)
    assert found.d_z == pytest.approx(6.0)
    assert found.g_z == pytest.approx(6 / math.sqrt(math.pi))
    half = 4.302653 * 0.5 / math.sqrt(3)  # Student's t of two degrees of freedom
    assert (found.interval.low, found.interval.high) == pytest.approx((3 - half, 3 + half))


@settings(max_examples=30)
@given(pairs, st.sampled_from([0.8, 0.95, 0.99]))
def test_as_scipy_and_as_the_test(pairs: list[tuple[float, float]], level: float) -> None:
    ours, theirs = zip(*pairs, strict=True)
    assume(np.std(np.subtract(ours, theirs)) > 1e-6)
    values, baseline = dict(enumerate(ours)), dict(enumerate(theirs))
    found, p = paired_effect(values, baseline, level), paired_t_test(values, baseline)
    assert found is not None
    assert p is not None
    result = scipy.stats.ttest_rel(ours, theirs)
    expected = result.confidence_interval(level)  # type: ignore[attr-defined]
    assert (found.interval.low, found.interval.high) == pytest.approx((expected.low, expected.high), abs=1e-9)
    assert found.d_z == pytest.approx(result.statistic / math.sqrt(len(pairs)), abs=1e-12)  # type: ignore[attr-defined]
    if abs(p - (1 - level)) > 1e-9:
        assert (0 in found.interval) == (p > 1 - level)


def test_exchanging_the_methods_turns_the_sign() -> None:
    one, other = effect(3.0, 3.5, -2.5, 1.0), effect(-3.0, -3.5, 2.5, -1.0)
    assert (other.difference, other.d_z, other.g_z) == (-one.difference, -one.d_z, -one.g_z)  # type: ignore[operator]
    assert (other.interval.low, other.interval.high) == (-one.interval.high, -one.interval.low)


class TestHedges:
    @pytest.mark.parametrize("freedom", [2, 3, 5, 10, 100, 10_000])
    def test_near_its_approximation(self, freedom: int) -> None:
        assert hedges_correction(freedom) == pytest.approx(1 - 3 / (4 * freedom - 1), abs=0.1 / freedom**2)

    def test_takes_the_bias_away(self) -> None:
        rng = np.random.default_rng(0)
        differences = rng.normal(0.5, 1, size=(40_000, 5))
        d_z = differences.mean(axis=1) / differences.std(axis=1, ddof=1)
        assert d_z.mean() > 0.6
        assert hedges_correction(4) * d_z.mean() == pytest.approx(0.5, abs=0.02)


class TestDegenerate:
    def test_fewer_than_two_pairs_say_nothing(self) -> None:
        assert paired_effect({0: 1.0}, {0: 2.0}) is None
        assert paired_effect({0: 1.0, 1: 2.0}, {1: 1.0, 2: 0.0}) is None

    def test_two_pairs_have_no_unbiased_effect(self) -> None:
        found = effect(1.0, 2.0)
        assert found.d_z == pytest.approx(1.5 / math.sqrt(0.5))
        assert found.g_z is None

    @pytest.mark.parametrize("difference", [0.0, 2.0])
    def test_differences_without_spread(self, difference: float) -> None:
        expected = PairedEffect(difference, Interval(difference, difference), None, None, 3)
        assert effect(difference, difference, difference) == expected

    def test_rounding_is_no_spread(self) -> None:
        found = paired_effect({0: 70.1, 1: 71.1, 2: 72.1}, {0: 69.7, 1: 70.7, 2: 71.7})
        assert found is not None
        assert found.d_z is None

    def test_needs_finite_values(self) -> None:
        with pytest.raises(ValueError, match="finite"):
            effect(1.0, float("nan"))

    def test_a_level_is_a_probability(self) -> None:
        with pytest.raises(ValueError, match="level"):
            effect(1.0, 2.0, level=95)
