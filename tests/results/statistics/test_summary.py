from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from statsmodels.stats.weightstats import DescrStatsW

from provbench.results.statistics import Interval, Summary

scores = st.floats(0, 100).map(lambda value: round(value, 3))


class TestSummary:
    def test_by_hand(self) -> None:
        # squared distances from the mean 65: 4, 0.25, 2.25; their sum over n - 1 = 2 is 3.25
        assert Summary.of([63.0, 65.5, 66.5]) == Summary(65.0, math.sqrt(3.25), 3)

    @settings(max_examples=40)
    @given(st.lists(scores, min_size=2, max_size=10))
    def test_as_numpy(self, values: list[float]) -> None:
        summary = Summary.of(values)
        assert summary.mean == pytest.approx(np.mean(values))
        assert summary.std == pytest.approx(np.std(values, ddof=1), abs=1e-9)

    def test_one_value_has_no_spread_of_any_kind(self) -> None:
        summary = Summary.of([65.1])
        assert summary == Summary(65.1, None, 1)
        assert summary.standard_error is None
        assert summary.interval() is None
        assert "±" not in summary.text()

    @pytest.mark.parametrize("values", [[], [1.0, float("nan")], [float("inf")]])
    def test_needs_finite_values(self, values: list[float]) -> None:
        with pytest.raises(ValueError, match="one finite value or more"):
            Summary.of(values)

    def test_text(self) -> None:
        assert str(Summary(65.08, 0.351, 3)) == "65.1 ± 0.4 (3)"
        assert Summary(0.65089, 0.00351, 3).text(decimals=3) == "0.651 ± 0.004 (3)"
        assert str(Summary(65.08, None, 1)) == "65.1 (1)"


class TestInterval:
    def test_by_hand(self) -> None:
        # two degrees of freedom: t = q √(2 / (1 - q²)) for level q, so that q = 0.6 has t = 0.6 √(2 / 0.64)
        summary = Summary(65.0, 3.0, 3)
        half = 0.6 * math.sqrt(2 / 0.64) * 3 / math.sqrt(3)
        assert summary.standard_error == pytest.approx(math.sqrt(3))
        interval = summary.interval(0.6)
        assert interval is not None
        assert (interval.low, interval.high) == pytest.approx((65 - half, 65 + half))

    def test_three_seeds_are_two_and_a_half_standard_deviations(self) -> None:
        interval = Summary(0.0, 1.0, 3).interval()
        assert interval is not None
        assert interval.high == pytest.approx(2.484, abs=5e-4)

    @settings(max_examples=30)
    @given(st.lists(scores, min_size=2, max_size=10), st.floats(0.5, 0.99))
    def test_as_statsmodels(self, values: list[float], level: float) -> None:
        interval = Summary.of(values).interval(level)
        assert interval is not None
        expected = DescrStatsW(values).tconfint_mean(alpha=1 - level)
        assert (interval.low, interval.high) == pytest.approx(expected, abs=1e-9)
        assert interval.level == level

    def test_no_spread_is_a_point(self) -> None:
        assert Summary.of([2.0, 2.0]).interval() == Interval(2.0, 2.0, 0.95)

    @pytest.mark.parametrize("level", [0.0, 1.0, 95, -0.1, float("nan")])
    def test_a_level_is_a_probability(self, level: float) -> None:
        with pytest.raises(ValueError, match="a level must lie between 0 and 1"):
            Summary.of([1.0, 2.0]).interval(level)

    def test_text(self) -> None:
        assert str(Interval(64.16, 65.96)) == "[64.2, 66.0]"
        assert Interval(-0.0123, 0.0456).text(decimals=3) == "[-0.012, 0.046]"

    def test_contains_its_ends(self) -> None:
        interval = Interval(1.0, 2.0)
        assert [value in interval for value in (0.9, 1.0, 1.5, 2.0, 2.1)] == [False, True, True, True, False]
