from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from scipy.stats import chi2

from provbench.results.statistics import Ranks, TaskScores, friedman_test, rank_methods

tables = st.integers(3, 6).flatmap(
    lambda methods: st.lists(st.lists(st.integers(0, 4), min_size=methods, max_size=methods), min_size=2, max_size=6)
)


def rank(*tasks: TaskScores) -> Ranks:
    ranks = rank_methods(tasks)
    assert ranks is not None
    return ranks


def table(rows: list[list[int]]) -> Ranks:
    return rank(*(TaskScores(f"t{i}", {f"m{j}": x for j, x in enumerate(row)}) for i, row in enumerate(rows)))


class TestRanks:
    def test_by_hand(self) -> None:
        ranks = rank(
            TaskScores("accuracy", {"a": 70.0, "b": 80.0, "c": 75.0}),
            TaskScores("error", {"a": 1.0, "b": 2.0, "c": 2.0}, higher_is_better=False),
        )
        assert ranks.by_task == {"accuracy": {"a": 3, "b": 1, "c": 2}, "error": {"a": 1, "b": 2.5, "c": 2.5}}
        assert ranks.mean == {"b": 1.75, "a": 2.0, "c": 2.25}
        assert ranks.methods == ("b", "a", "c")
        assert ranks.tasks == ("accuracy", "error")
        assert ranks.dropped == ()

    def test_as_the_paper(self, demsar: Ranks) -> None:
        expected = {"C4.5+m+cf": 1.964, "C4.5+m": 2.0, "C4.5+cf": 2.893, "C4.5": 3.143}
        assert demsar.mean == pytest.approx(expected, abs=5e-4)
        assert demsar.methods == tuple(expected)

    def test_rounding_breaks_no_tie(self) -> None:
        ranks = rank(TaskScores("t", {"a": 0.1 + 0.2, "b": 0.3, "c": 0.1}))
        assert ranks.by_task["t"] == {"a": 1.5, "b": 1.5, "c": 3}

    def test_a_method_without_a_result_is_dropped_and_not_its_task(self) -> None:
        ranks = rank(
            TaskScores("one", {"a": 1.0, "b": 2.0, "c": 3.0}),
            TaskScores("two", {"a": 1.0, "b": 2.0}),
            TaskScores("three", {"d": 9.0, "a": 1.0, "b": 0.0}),
        )
        assert ranks.dropped == ("c", "d")
        assert ranks.mean == {"b": 4 / 3, "a": 5 / 3}
        assert ranks.tasks == ("one", "two", "three")

    def test_a_task_without_any_result_does_not_count(self) -> None:
        ranks = rank(TaskScores("one", {"a": 1.0, "b": 2.0}), TaskScores("two", {}))
        assert ranks.tasks == ("one",)

    @pytest.mark.parametrize(
        "tasks",
        [
            [],
            [TaskScores("one", {})],
            [TaskScores("one", {"a": 1.0})],
            [TaskScores("one", {"a": 1.0, "b": 2.0}), TaskScores("two", {"b": 1.0, "c": 2.0})],
        ],
    )
    def test_fewer_than_two_methods_are_no_ranking(self, tasks: list[TaskScores]) -> None:
        assert rank_methods(tasks) is None

    @settings(max_examples=40)
    @given(tables)
    def test_ranks_of_a_task_sum_to_what_they_must(self, rows: list[list[int]]) -> None:
        ranks, k = table(rows), len(rows[0])
        for of_task in ranks.by_task.values():
            assert sum(of_task.values()) == k * (k + 1) / 2
        assert list(ranks.mean.values()) == sorted(ranks.mean.values())

    @settings(max_examples=40)
    @given(tables)
    def test_lower_is_better_is_higher_is_better_of_the_negative(self, rows: list[list[int]]) -> None:
        scores = [{f"m{j}": x for j, x in enumerate(row)} for row in rows]
        lower = [TaskScores(f"t{i}", row, higher_is_better=False) for i, row in enumerate(scores)]
        assert rank(*lower) == table([[-x for x in row] for row in rows])

    @pytest.mark.parametrize("bad", [float("nan"), float("inf")])
    def test_needs_finite_scores(self, bad: float) -> None:
        with pytest.raises(ValueError, match="t: the score of b must be finite"):
            rank(TaskScores("t", {"a": 1.0, "b": bad}))

    def test_a_task_counts_once(self) -> None:
        with pytest.raises(ValueError, match="every task must be there once"):
            rank(TaskScores("t", {"a": 1.0, "b": 2.0}), TaskScores("t", {"a": 1.0, "b": 2.0}))


class TestFriedman:
    def test_by_hand(self) -> None:
        # three tasks that rank three methods alike: χ² = 12 · 3 / (3 · 4) · (1 + 4 + 9 - 12) = 6, and with two degrees
        # of freedom p is exp(-χ² / 2)
        assert friedman_test(table([[3, 2, 1], [30, 20, 10], [9, 8, 1]])) == pytest.approx(np.exp(-3))

    @settings(max_examples=60)
    @given(tables)
    def test_as_its_definition(self, rows: list[list[int]]) -> None:
        """χ² of the mean ranks, divided by 1 - Σ (t³ - t) / N (k³ - k) over all sets of t tied methods."""
        ranks, n, k = table(rows), len(rows), len(rows[0])
        sizes = np.concatenate([np.unique(row, return_counts=True)[1] for row in rows])
        correction = 1 - np.sum(sizes**3 - sizes) / (n * (k**3 - k))
        means = np.array(list(ranks.mean.values()))
        statistic = 12 * n / (k * (k + 1)) * (np.sum(means**2) - k * (k + 1) ** 2 / 4)
        expected = chi2.sf(statistic / correction, k - 1) if correction > 0 else 1.0
        assert friedman_test(ranks) == pytest.approx(expected)

    def test_statistic_of_the_paper(self, demsar: Ranks) -> None:
        # the paper has χ² = 9.28 without the correction for ties; there are 5 of them, one of all four methods
        corrected = 9.2786 / (1 - (4 * 6 - 6 + 60) / (14 * 60))
        assert friedman_test(demsar) == pytest.approx(chi2.sf(corrected, 3), rel=1e-3)

    def test_all_methods_tie_everywhere(self) -> None:
        assert friedman_test(table([[1, 1, 1], [2, 2, 2]])) == 1.0

    def test_too_little_to_say_anything(self) -> None:
        assert friedman_test(table([[1, 2, 3]])) is None
        assert friedman_test(table([[1, 2], [1, 2], [1, 2]])) is None
