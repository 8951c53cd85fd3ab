from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from provbench.results import Summary, holm, paired_t_test

scores = st.floats(0, 100).map(lambda value: round(value, 3))
p_values = st.lists(st.none() | st.floats(0, 1), max_size=8)


class TestSummary:
    def test_by_hand(self) -> None:
        # squared distances from the mean 65: 4, 0.25, 2.25; their sum over n - 1 = 2 is 3.25
        assert Summary.of([63.0, 65.5, 66.5]) == Summary(65.0, math.sqrt(3.25), 3)

    @settings(max_examples=40, deadline=None)
    @given(st.lists(scores, min_size=2, max_size=10))
    def test_as_numpy(self, values: list[float]) -> None:
        summary = Summary.of(values)
        assert summary.mean == pytest.approx(np.mean(values))
        assert summary.std == pytest.approx(np.std(values, ddof=1), abs=1e-9)

    def test_one_value_has_no_std(self) -> None:
        assert Summary.of([65.1]) == Summary(65.1, None, 1)

    @pytest.mark.parametrize("values", [[], [1.0, float("nan")], [float("inf")]])
    def test_needs_finite_values(self, values: list[float]) -> None:
        with pytest.raises(ValueError, match="one finite value or more"):
            Summary.of(values)

    def test_text(self) -> None:
        assert str(Summary(65.08, 0.351, 3)) == "65.1 ± 0.4 (3)"
        assert Summary(0.65089, 0.00351, 3).text(decimals=3) == "0.651 ± 0.004 (3)"
        assert str(Summary(65.08, None, 1)) == "65.1 (1)"


class TestPairedTTest:
    def test_by_hand(self) -> None:
        # differences 3, 3.5, 2.5: mean 3, std 0.5, t = 3 / (0.5 / √3) = 6 √3; with two degrees of freedom the
        # two-sided p is 1 - t / √(t² + 2) = 1 - √(108 / 110)
        p = paired_t_test({0: 63.0, 1: 65.5, 2: 66.5}, {0: 60.0, 1: 62.0, 2: 64.0})
        assert p == pytest.approx(1 - math.sqrt(108 / 110), rel=1e-9)

    @settings(max_examples=30, deadline=None)
    @given(st.lists(st.tuples(scores, scores), min_size=2, max_size=8))
    def test_as_scipy(self, pairs: list[tuple[float, float]]) -> None:
        from scipy.stats import ttest_rel

        ours, theirs = zip(*pairs, strict=True)
        assume(np.std(np.subtract(ours, theirs)) > 1e-6)
        p = paired_t_test(dict(enumerate(ours)), dict(enumerate(theirs)))
        assert p == pytest.approx(float(ttest_rel(ours, theirs).pvalue), rel=1e-6, abs=1e-12)  # type: ignore[attr-defined]

    def test_only_shared_seeds_count(self) -> None:
        ours, theirs = {0: 63.0, 1: 65.5, 2: 66.5, 7: 0.0}, {2: 64.0, 1: 62.0, 0: 60.0, 8: 99.0}
        shared = paired_t_test({seed: ours[seed] for seed in (0, 1, 2)}, theirs)
        assert paired_t_test(ours, theirs) == shared

    @pytest.mark.parametrize(("ours", "theirs"), [({}, {}), ({0: 1.0}, {0: 2.0}), ({0: 1.0, 1: 2.0}, {1: 1.0, 2: 0.0})])
    def test_fewer_than_two_pairs_say_nothing(self, ours: dict, theirs: dict) -> None:
        assert paired_t_test(ours, theirs) is None

    def test_differences_without_spread(self) -> None:
        assert paired_t_test({0: 1.0, 1: 2.0}, {0: 1.0, 1: 2.0}) == 1.0
        assert paired_t_test({0: 1.5, 1: 2.5}, {0: 1.0, 1: 2.0}) == 0.0

    @settings(max_examples=30, deadline=None)
    @given(st.lists(st.tuples(scores, scores), min_size=2, max_size=6))
    def test_it_does_not_matter_who_is_the_baseline(self, pairs: list[tuple[float, float]]) -> None:
        ours, theirs = (dict(enumerate(side)) for side in zip(*pairs, strict=True))
        assert paired_t_test(ours, theirs) == pytest.approx(paired_t_test(theirs, ours))


class TestHolm:
    def test_by_hand(self) -> None:
        # in order: 4 · 0.005 = 0.02; 3 · 0.01 = 0.03; 2 · 0.03 = 0.06; 1 · 0.04, but not below 0.06
        assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])

    def test_none_does_not_count(self) -> None:
        assert holm([None, 0.01, None, 0.03]) == [None, pytest.approx(0.02), None, pytest.approx(0.03)]
        assert holm([None]) == [None]
        assert holm([]) == []

    def test_nothing_is_above_one(self) -> None:
        assert holm([0.9, 0.8, 0.7]) == [1.0, 1.0, 1.0]

    @settings(max_examples=60, deadline=None)
    @given(p_values)
    def test_as_its_definition(self, raw: list[float | None]) -> None:
        """The j-th smallest becomes the largest of min(1, (m - i + 1) pᵢ) over i ≤ j."""
        known = sorted(p for p in raw if p is not None)
        for p, adjusted in zip(raw, holm(raw), strict=True):
            if p is None or adjusted is None:
                assert p is adjusted
                continue
            last = max(i for i, other in enumerate(known) if other == p)
            first = known.index(p)
            bounds = [max(min(1.0, (len(known) - i) * known[i]) for i in range(rank + 1)) for rank in (first, last)]
            assert bounds[0] <= adjusted <= bounds[1]
            assert p <= adjusted <= min(1.0, len(known) * p) or p == 0
