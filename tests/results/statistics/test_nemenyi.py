from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
import scikit_posthocs
from hypothesis import given, settings, strategies as st

from provbench.results.statistics import Ranks, critical_difference, inseparable_groups

mean_ranks = st.lists(st.integers(10, 60).map(lambda mean: mean / 10), min_size=2, max_size=6)


def with_means(means: list[float], tasks: int) -> Ranks:
    return Ranks({f"t{i}": {f"m{j}": mean for j, mean in enumerate(means)} for i in range(tasks)})


class TestCriticalDifference:
    @pytest.mark.parametrize(
        ("alpha", "quantiles"),
        [
            (0.05, [1.960, 2.343, 2.569, 2.728, 2.850, 2.949, 3.031, 3.102, 3.164]),
            (0.10, [1.645, 2.052, 2.291, 2.459, 2.589, 2.693, 2.780, 2.855, 2.920]),
        ],
    )
    def test_table_5_of_the_paper(self, alpha: float, quantiles: list[float]) -> None:
        for k, q in enumerate(quantiles, start=2):
            found = critical_difference(k, 10, alpha)
            assert found == pytest.approx(q * np.sqrt(k * (k + 1) / 60), abs=1.2e-3)

    def test_as_the_paper(self) -> None:
        assert critical_difference(4, 14) == pytest.approx(1.25, abs=5e-3)
        assert critical_difference(4, 14, 0.10) == pytest.approx(1.12, abs=5e-3)

    @pytest.mark.parametrize(("methods", "tasks"), [(1, 5), (3, 0)])
    def test_needs_methods_and_tasks(self, methods: int, tasks: int) -> None:
        with pytest.raises(ValueError, match="two methods and a task"):
            critical_difference(methods, tasks)

    def test_alpha_is_a_probability(self) -> None:
        with pytest.raises(ValueError, match="level"):
            critical_difference(3, 5, 5)


class TestGroups:
    def test_as_the_paper(self, demsar: Ranks) -> None:
        """At 10 % the plain classifier is worse than the two best, and nothing else can be said; at 5 % nothing can."""
        assert inseparable_groups(demsar) == [("C4.5+m+cf", "C4.5+m", "C4.5+cf", "C4.5")]
        assert inseparable_groups(demsar, 0.10) == [("C4.5+m+cf", "C4.5+m", "C4.5+cf"), ("C4.5+cf", "C4.5")]

    def test_methods_that_all_differ_are_in_no_group(self) -> None:
        assert inseparable_groups(with_means([1.0, 2.0, 3.0], 50)) == []

    def test_ties_are_a_group(self) -> None:
        assert inseparable_groups(with_means([1.5, 3.0, 1.5], 50)) == [("m0", "m2")]

    @settings(max_examples=60)
    @given(mean_ranks, st.integers(2, 60))
    def test_as_their_definition(self, means: list[float], tasks: int) -> None:
        """Of all sets of two methods or more that span less than the critical difference, those within no other."""
        ranks = with_means(means, tasks)
        limit = critical_difference(len(means), tasks)
        sets = [set(some) for size in range(2, len(means) + 1) for some in combinations(ranks.methods, size)]
        close = [some for some in sets if max(ranks.mean[m] for m in some) - min(ranks.mean[m] for m in some) < limit]
        largest = [some for some in close if not any(some < other for other in close)]
        found = inseparable_groups(ranks)
        assert sorted(map(sorted, found)) == sorted(map(sorted, largest))
        for group in found:
            assert [ranks.mean[m] for m in group] == sorted(ranks.mean[m] for m in group)

    @pytest.mark.parametrize("seed", range(6))
    def test_as_scikit_posthocs(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        scores = rng.normal(size=(12, 5)) + np.arange(5) * 0.8
        order = (-scores).argsort(axis=1).argsort(axis=1) + 1
        ranks = Ranks({f"t{i}": {f"m{j}": float(r) for j, r in enumerate(row)} for i, row in enumerate(order)})
        groups = inseparable_groups(ranks)
        p_values = scikit_posthocs.posthoc_nemenyi_friedman(scores)
        for i, j in combinations(range(5), 2):
            together = any(f"m{i}" in group and f"m{j}" in group for group in groups)
            assert together == (p_values.loc[i, j] > 0.05)
