"""The statistical tests of a difference, against scipy, statsmodels and chance."""

from __future__ import annotations

import math
import random
from typing import Any

import pytest
from hypothesis import given, strategies as st
from scipy.stats import ttest_ind, ttest_rel
from statsmodels.stats.multitest import multipletests

from provbench.results.regression.differences import State, compare

from .compared import NAME, change_of, number, numbers


def p_of(result: Any) -> float:
    """Of a test of scipy's."""
    return float(result.pvalue)


class TestTests:
    def test_paired_by_hand(self) -> None:
        change = change_of(number([60, 62, 64], "a"), number([61, 64, 67], "b"))
        assert change.difference == 2
        # differences 1, 2, 3: t² = 2² / (1/3) = 12, and with two degrees of freedom p = 1 - √(t² / (t² + 2))
        assert change.p_value == pytest.approx(1 - math.sqrt(12 / 14))
        assert (change.test, change.verdict) == ("paired t", "within noise")
        assert (str(change.old.summary), str(change.new.summary)) == ("62.0 ± 2.0 (3)", "64.0 ± 3.0 (3)")

    @given(st.lists(st.tuples(st.integers(0, 100), st.integers(0, 100)), min_size=2, max_size=8))
    def test_paired_as_scipy(self, pairs: list[tuple[int, int]]) -> None:
        old, new = ([float(value) for value in side] for side in zip(*pairs, strict=True))
        if len({after - before for before, after in pairs}) > 1:
            assert change_of(number(old, "a"), number(new, "b")).p_value == pytest.approx(p_of(ttest_rel(new, old)))

    def test_only_shared_seeds_are_paired(self) -> None:
        change = change_of(number({0: 60, 1: 62, 7: 0}, "a"), number({0: 61, 1: 65, 9: 100}, "b"))
        assert change.difference == 2
        assert change.p_value == pytest.approx(p_of(ttest_rel([61, 65], [60, 62])))

    @pytest.mark.parametrize("shared", [{}, {0: 63.0}])
    def test_welch_where_fewer_than_two_seeds_are_shared(self, shared: dict[int, float]) -> None:
        old, new = {0: 60.0, 1: 62.0, 2: 65.0}, {**shared, 7: 66.0, 8: 67.5, **({} if shared else {9: 70.0})}
        change = change_of(number(old, "a"), number(new, "b"))
        assert change.test == "Welch's t"
        assert change.difference == pytest.approx(sum(new.values()) / 3 - sum(old.values()) / 3)
        scipys = p_of(ttest_ind(list(new.values()), list(old.values()), equal_var=False))
        assert change.p_value == pytest.approx(scipys)

    @given(
        st.lists(st.integers(0, 100), min_size=2, max_size=8, unique=True),
        st.lists(st.integers(0, 100), min_size=2, max_size=8, unique=True),
    )
    def test_unpaired_as_the_more_cautious_of_scipys(self, old: list[int], new: list[int]) -> None:
        change = change_of(number(old, "a"), number({100 + place: value for place, value in enumerate(new)}, "b"))
        welch, student = (p_of(ttest_ind(new, old, equal_var=equal)) for equal in (False, True))
        assert change.p_value == pytest.approx(welch if len(old) == len(new) else max(welch, student))

    def test_without_any_spread_by_permutation(self) -> None:
        old, new = number([70, 70], "a"), number({7: 71, 8: 71}, "b")
        assert change_of(old, new).p_value == pytest.approx(2 / 6)  # of the six ways to deal four values, two
        assert change_of(old, number({7: 70, 8: 70}, "b")).p_value == 1

    def test_holm_over_everything_that_was_tested(self) -> None:
        rng = random.Random(1)
        old, new = ([[rng.gauss(70, 1) for _ in range(4)] for _ in range(6)] for _ in range(2))
        found = compare(*numbers(old, new)).changes
        adjusted = multipletests([change.p_value for change in found], method="holm")[1]
        assert [change.p_adjusted for change in found] == pytest.approx(adjusted)

    def test_what_is_reproduced_counts_among_no_tests(self) -> None:
        old, new = numbers([[60, 62, 64]], [[61, 64, 67]])
        same = {NAME._replace(metric=f"metric {place}"): number([70, 71, 72], "same") for place in range(50)}
        changes = compare({**old, **same}, {**new, **same}).changes
        assert changes[0].p_adjusted == changes[0].p_value
        assert [change.verdict for change in changes[1:]] == ["reproduced"] * 50


@pytest.mark.slow
@pytest.mark.parametrize("seeds", [(2, 2, True), (5, 5, True), (3, 3, False), (5, 5, False), (2, 10, False)])
@pytest.mark.parametrize("decimals", [9, 0])
def test_where_nothing_changed_something_moves_in_at_most_alpha_of_all_comparisons(
    seeds: tuple[int, int, bool], decimals: int
) -> None:
    """Ten numbers a state; rounded to whole points, as on a test set of a hundred images, and not."""
    here, there, shared = seeds
    rng = random.Random(f"{seeds} {decimals}")
    alpha, times = 0.1, 800

    def draw(run: str, first: int, count: int) -> State:
        values = [{first + seed: round(rng.gauss(70, 2), decimals) for seed in range(count)} for _ in range(10)]
        return {NAME._replace(number=place): number(of, run) for place, of in enumerate(values)}

    moved = sum(
        compare(draw("a", 0, here), draw("b", 0 if shared else 100, there), alpha=alpha).moved for _ in range(times)
    )
    assert moved / times <= alpha + 3 * math.sqrt(alpha * (1 - alpha) / times)
