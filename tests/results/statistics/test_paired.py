from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from itertools import combinations, product

import numpy as np
import pytest
import scipy.stats
from hypothesis import assume, given, settings, strategies as st

from provbench.results.statistics import (
    paired_differences,
    paired_t_test,
    permutation_test,
    pooled_spread,
    wilcoxon_test,
)
from provbench.results.statistics.paired import paired_t_tests
from provbench.results.statistics.pairs import by_seed, difference_rows

Test = Callable[[Mapping[int, float], Mapping[int, float]], float | None]
TESTS: list[Test] = [paired_t_test, permutation_test, wilcoxon_test]

scores = st.floats(0, 100).map(lambda value: round(value, 3))
pairs = st.lists(st.tuples(scores, scores), min_size=2, max_size=8)
tied = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=2, max_size=8)


def sides(pairs: list[tuple[float, float]]) -> tuple[dict[int, float], dict[int, float]]:
    ours, theirs = zip(*pairs, strict=True)
    return dict(enumerate(ours)), dict(enumerate(theirs))


def sign_flips(values: list[float]) -> float:
    """The share of all choices of signs whose sum is as far from zero, counted one by one."""
    sums = [sum(s * v for s, v in zip(signs, values, strict=True)) for signs in product((1, -1), repeat=len(values))]
    return float(np.mean([abs(s) >= abs(sum(values)) - 1e-9 for s in sums]))


class TestDifferences:
    def test_by_hand(self) -> None:
        assert paired_differences({2: 5.0, 0: 1.5, 7: 9.0}, {0: 1.0, 2: 7.0, 8: 0.0}) == [0.5, -2.0]

    def test_rounding_is_no_difference(self) -> None:
        assert paired_differences({0: 0.1 + 0.2, 1: 1e-3}, {0: 0.3, 1: 0.0}) == [0.0, 1e-3]


@pytest.mark.parametrize("test", TESTS)
class TestEveryTest:
    def test_only_shared_seeds_count(self, test: Test) -> None:
        ours, theirs = {0: 63.0, 1: 65.5, 2: 66.5, 7: 0.0}, {2: 64.0, 1: 62.0, 0: 60.0, 8: 99.0}
        assert test(ours, theirs) == test({seed: ours[seed] for seed in (0, 1, 2)}, theirs)

    @pytest.mark.parametrize(("ours", "theirs"), [({}, {}), ({0: 1.0}, {0: 2.0}), ({0: 1.0, 1: 2.0}, {1: 1.0, 2: 0.0})])
    def test_fewer_than_two_pairs_say_nothing(self, test: Test, ours: dict, theirs: dict) -> None:
        assert test(ours, theirs) is None

    def test_a_method_and_itself(self, test: Test) -> None:
        assert test({0: 1.0, 1: 2.0, 2: 0.5}, {0: 1.0, 1: 2.0, 2: 0.5}) == 1.0
        assert test({0: 0.3, 1: 0.3}, {0: 0.1 + 0.2, 1: 0.1 + 0.2}) == 1.0

    @pytest.mark.parametrize("bad", [float("nan"), float("inf")])
    def test_needs_finite_values(self, test: Test, bad: float) -> None:
        with pytest.raises(ValueError, match="seed 1: scores must be finite"):
            test({0: 1.0, 1: bad}, {0: 1.0, 1: 2.0})
        assert test({0: 1.0, 1: bad, 2: 2.0}, {0: 1.0, 2: 2.0}) == 1.0  # not shared

    @settings(max_examples=25)
    @given(pairs | tied)
    def test_it_does_not_matter_who_is_the_baseline(self, test: Test, pairs: list[tuple[float, float]]) -> None:
        ours, theirs = sides(pairs)
        p = test(ours, theirs)
        assert p is not None
        assert 0 <= p <= 1
        assert p == pytest.approx(test(theirs, ours))


class TestPairedTTest:
    def test_by_hand(self) -> None:
        # differences 3, 3.5, 2.5: mean 3, std 0.5, t = 3 / (0.5 / √3) = 6 √3; with two degrees of freedom the
        # two-sided p is 1 - t / √(t² + 2) = 1 - √(108 / 110)
        p = paired_t_test({0: 63.0, 1: 65.5, 2: 66.5}, {0: 60.0, 1: 62.0, 2: 64.0})
        assert p == pytest.approx(1 - math.sqrt(108 / 110), rel=1e-9)

    @settings(max_examples=30)
    @given(pairs)
    def test_as_scipy(self, pairs: list[tuple[float, float]]) -> None:
        ours, theirs = zip(*pairs, strict=True)
        assume(np.std(np.subtract(ours, theirs)) > 1e-6)
        expected = scipy.stats.ttest_rel(ours, theirs).pvalue  # type: ignore[attr-defined]
        assert paired_t_test(*sides(pairs)) == pytest.approx(float(expected), rel=1e-6, abs=1e-12)

    @pytest.mark.parametrize("n", [2, 3, 10])
    def test_differences_without_spread_are_judged_by_their_sign(self, n: int) -> None:
        ours = {seed: 70.1 + seed for seed in range(n)}
        theirs = {seed: 69.7 + seed for seed in range(n)}
        assert paired_t_test(ours, theirs) == permutation_test(ours, theirs) == 2.0 ** (1 - n)


class TestPermutation:
    def test_by_hand(self) -> None:
        # of the 8 sums ±1 ±2 ±4, 7 and -7 are as far from zero as 7; and as far as 1 + 2 - 4 = -1 are all
        assert permutation_test({0: 1, 1: 2, 2: 4}, dict.fromkeys(range(3), 0)) == 2 / 8
        assert permutation_test({0: 1, 1: 2, 2: -4}, dict.fromkeys(range(3), 0)) == 1
        assert permutation_test({0: 1, 1: 2, 2: -4, 3: 8}, dict.fromkeys(range(4), 0)) == 10 / 16  # 15, 13, 11, 9, 7

    @settings(max_examples=40)
    @given(pairs | tied)
    def test_as_counted_one_by_one(self, pairs: list[tuple[float, float]]) -> None:
        differences = [ours - theirs for ours, theirs in pairs]
        assert permutation_test(*sides(pairs)) == pytest.approx(sign_flips(differences))

    @settings(max_examples=10)
    @given(pairs)
    def test_as_scipy(self, pairs: list[tuple[float, float]]) -> None:
        columns = tuple(np.array(side) for side in zip(*pairs, strict=True))
        expected = scipy.stats.permutation_test(
            columns,
            lambda x, y, axis: np.mean(x - y, axis=axis),
            permutation_type="samples",
            n_resamples=2 ** len(pairs),
        )
        assert permutation_test(*sides(pairs)) == pytest.approx(float(expected.pvalue))

    @pytest.mark.parametrize("n", [2, 3, 5, 6, 20])
    def test_its_smallest_p(self, n: int) -> None:
        seeds = range(n)
        assert permutation_test(dict.fromkeys(seeds, 1.0), dict.fromkeys(seeds, 0.0)) == 2.0 ** (1 - n)

    def test_more_seeds_than_it_counts(self) -> None:
        with pytest.raises(ValueError, match="up to 20 seeds, got 21"):
            permutation_test(dict.fromkeys(range(21), 1.0), dict.fromkeys(range(21), 0.0))


class TestWilcoxon:
    @settings(max_examples=40)
    @given(tied)
    def test_small_numbers_are_exact_with_ties_and_zeros(self, pairs: list[tuple[float, float]]) -> None:
        """As the sign flips of the ranks, without the zeros."""
        differences = [ours - theirs for ours, theirs in pairs if ours != theirs]
        ranks = np.sign(differences) * scipy.stats.rankdata(np.abs(differences))
        assert wilcoxon_test(*sides(pairs)) == pytest.approx(sign_flips(ranks.tolist()))

    def test_rounding_breaks_no_tie(self) -> None:
        assert 71.6 - 71.5 != 61.6 - 61.5
        near = wilcoxon_test({0: 71.6, 1: 61.5, 2: 9.0}, {0: 71.5, 1: 61.6, 2: 8.0})
        assert near == wilcoxon_test({0: 1.0, 1: -1.0, 2: 10.0}, dict.fromkeys(range(3), 0.0))

    def test_only_ranks_count(self) -> None:
        zero = dict.fromkeys(range(6), 0.0)
        small, large = (dict(enumerate([1, -2, 3, 4, 5, last])) for last in (6, 6e6))
        assert wilcoxon_test(small, zero) == wilcoxon_test(large, zero) == pytest.approx(6 / 64)


cell = st.dictionaries(st.integers(0, 5), st.integers(0, 400).map(lambda value: value / 8), max_size=6)


@settings(max_examples=150)
@given(st.lists(cell, max_size=6))
def test_all_pairs_at_once_are_the_pairs_one_by_one(column: list[dict[int, float]]) -> None:
    expected = [paired_t_test(one, other) for one, other in combinations(column, 2)]
    found = paired_t_tests(column)
    assert [p is None for p in found] == [p is None for p in expected]
    assert [p or 0 for p in found] == pytest.approx([p or 0 for p in expected], rel=1e-9, abs=1e-12)


def test_differences_of_rows_are_those_of_pairs() -> None:
    column = [{0: 1.0, 1: 2.0, 2: 3.0}, {1: 2.0 + 1e-13, 2: 5.0}, {}]
    scores = by_seed(column)
    rows = difference_rows(scores[1:], scores[0])
    assert [[value for value in row if value == value] for row in rows.tolist()] == [
        paired_differences(other, column[0]) for other in column[1:]
    ]
    assert pooled_spread(rows) == pooled_spread([paired_differences(other, column[0]) for other in column[1:]])
