from __future__ import annotations

from itertools import product
from typing import Literal

import numpy as np
import pytest
from scipy.stats import norm

from provbench.results.statistics import Interval, bootstrap_interval

METHODS: list[Literal["percentile", "BCa"]] = ["percentile", "BCa"]


def every_resample(values: list[float]) -> np.ndarray:
    """The means of all n^n ways to draw n of n values."""
    return np.array([np.mean(draw) for draw in product(values, repeat=len(values))])


def bca(values: list[float]) -> np.ndarray:
    """The ends of the 95 % BCa interval by Efron's formulas, with every resample instead of some."""
    means, n = every_resample(values), len(values)
    below = (np.sum(means < np.mean(values)) + np.sum(means <= np.mean(values))) / 2 / len(means)
    bias = norm.ppf(below)
    left_out = np.array([np.mean([*values[:i], *values[i + 1 :]]) for i in range(n)])
    distance = left_out.mean() - left_out
    acceleration = np.sum(distance**3) / (6 * np.sum(distance**2) ** 1.5)
    z = bias + norm.ppf([0.025, 0.975])
    return np.quantile(means, norm.cdf(bias + z / (1 - acceleration * z)))


def interval(values: list[float], method: Literal["percentile", "BCa"], seed: int = 0, **more: float) -> Interval:
    found = bootstrap_interval(values, np.random.default_rng(seed), method=method, **more)  # type: ignore[arg-type]
    assert found is not None
    return found


def test_three_values_give_the_smallest_and_the_largest() -> None:
    # 1 of 27 resamples is the smallest value three times over: 3.7 %, which is more than 2.5 %
    assert interval([4.0, 1.0, 2.0], "percentile") == Interval(1.0, 4.0)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_as_every_resample(seed: int) -> None:
    values = np.random.default_rng(seed).gamma(2, size=6).tolist()
    percentile, corrected = interval(values, "percentile"), interval(values, "BCa")
    precision = 0.05 * float(np.std(values))
    assert (percentile.low, percentile.high) == pytest.approx(
        tuple(np.quantile(every_resample(values), [0.025, 0.975])), abs=precision
    )
    assert (corrected.low, corrected.high) == pytest.approx(tuple(bca(values)), abs=precision)


@pytest.mark.parametrize("method", METHODS)
def test_the_generator_decides(method: Literal["percentile", "BCa"]) -> None:
    values = np.random.default_rng(0).normal(size=8).tolist()
    assert interval(values, method) == interval(values, method)
    assert interval(values, method) != interval(values, method, seed=1)


@pytest.mark.parametrize("method", METHODS)
def test_units_do_not_matter(method: Literal["percentile", "BCa"]) -> None:
    values = np.random.default_rng(0).normal(size=8).tolist()
    plain, percent = interval(values, method), interval([100 * value for value in values], method)
    assert (percent.low, percent.high) == pytest.approx((100 * plain.low, 100 * plain.high), rel=5e-3)


@pytest.mark.parametrize("method", METHODS)
def test_a_higher_level_is_wider(method: Literal["percentile", "BCa"]) -> None:
    values = np.random.default_rng(0).normal(size=8).tolist()
    narrow, wide = interval(values, method, level=0.8), interval(values, method, level=0.99)
    assert wide.low < narrow.low < narrow.high < wide.high
    assert (narrow.level, wide.level) == (0.8, 0.99)


@pytest.mark.parametrize("method", METHODS)
class TestDegenerate:
    def test_fewer_than_two_values_say_nothing(self, method: Literal["percentile", "BCa"]) -> None:
        for values in ([], [1.0]):
            assert bootstrap_interval(values, np.random.default_rng(0), method=method) is None

    def test_no_spread_is_a_point(self, method: Literal["percentile", "BCa"]) -> None:
        assert interval([2.0, 2.0, 2.0], method) == Interval(2.0, 2.0)

    @pytest.mark.parametrize("bad", [float("nan"), float("inf")])
    def test_needs_finite_values(self, method: Literal["percentile", "BCa"], bad: float) -> None:
        with pytest.raises(ValueError, match="finite values"):
            bootstrap_interval([1.0, bad], np.random.default_rng(0), method=method)
