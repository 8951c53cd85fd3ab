"""Methods that do not differ, a thousand times over: how often the statistics say that they do."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np
import pytest
from scipy.stats import binom

from provbench.results.statistics import (
    Ranks,
    Summary,
    best_of,
    bootstrap_interval,
    crossed_interval,
    friedman_test,
    holm,
    inseparable_groups,
    paired_crossed_interval,
    paired_effect,
    paired_t_test,
    permutation_test,
    wilcoxon_test,
)

pytestmark = pytest.mark.slow

REPETITIONS = 1000
LEVEL = 0.05
MOST = int(binom.ppf(0.999, REPETITIONS, LEVEL))
"""So many of a thousand, and no more, are what chance makes of 5 %."""
LEAST = int(binom.ppf(0.001, REPETITIONS, LEVEL))

Column = list[dict[int, float]]


def alike(methods: int, seeds: int, images: int = 0) -> Iterator[Column]:
    """Columns of methods that are alike. What a seed does to one method it does to all, on top of each one's noise.

    images: the scores are shares of so many that are right, as in a small test set; 0: they are any number.
    """
    rng = np.random.default_rng(methods * 100 + seeds)
    for _ in range(REPETITIONS):
        scores = 70 + 3 * rng.normal(size=seeds) + 2 * rng.normal(size=(methods, seeds))
        if images:
            scores = 100 * rng.binomial(images, scores / 100) / images
        yield [dict(enumerate(row)) for row in scores.tolist()]


def discovers(test: Callable[[Mapping, Mapping], float | None], column: Column) -> bool:
    """Whether any of the others is found to differ from the first."""
    baseline, *others = column
    return any(p is not None and p <= LEVEL for p in holm([test(other, baseline) for other in others]))


@pytest.mark.parametrize("images", [0, 100])
@pytest.mark.parametrize("seeds", [2, 3, 5, 10])
@pytest.mark.parametrize("methods", [2, 5])
class TestFamilies:
    @pytest.mark.parametrize("test", [paired_t_test, permutation_test])
    def test_against_a_baseline(
        self, test: Callable[[Mapping, Mapping], float | None], methods: int, seeds: int, images: int
    ) -> None:
        found = sum(discovers(test, column) for column in alike(methods, seeds, images))
        assert found <= MOST
        if test is paired_t_test and methods == 2 and not images:
            assert found >= LEAST  # one test of normal differences is exact
        if test is not paired_t_test and seeds < 6:
            assert found == 0

    def test_not_bold(self, methods: int, seeds: int, images: int) -> None:
        assert sum(len(best_of(column).bold) < methods for column in alike(methods, seeds, images)) <= MOST


def test_wilcoxon_against_a_baseline() -> None:
    assert sum(discovers(wilcoxon_test, column) for column in alike(3, 10)) <= MOST


@pytest.mark.parametrize("tasks", [2, 3, 5, 10])
@pytest.mark.parametrize("methods", [3, 6])
def test_ranks(methods: int, tasks: int) -> None:
    rng = np.random.default_rng(methods * 100 + tasks)
    by_friedman = by_nemenyi = 0
    for _ in range(REPETITIONS):
        orders = rng.permuted(np.tile(np.arange(1.0, methods + 1), (tasks, 1)), axis=1)
        ranks = Ranks({f"t{i}": {f"m{j}": rank for j, rank in enumerate(order)} for i, order in enumerate(orders)})
        by_friedman += (friedman_test(ranks) or 0) <= LEVEL
        by_nemenyi += [set(group) for group in inseparable_groups(ranks)] != [set(ranks.methods)]
    assert by_friedman <= MOST
    assert by_nemenyi <= MOST


@pytest.mark.parametrize("seeds", [3, 5, 10])
def test_student_intervals_hold_the_truth(seeds: int) -> None:
    rng = np.random.default_rng(seeds)
    missed = missed_difference = 0
    for _ in range(REPETITIONS):
        ours, theirs = 70 + 3 * rng.normal(size=seeds) + 2 * rng.normal(size=(2, seeds))
        interval = Summary.of(ours.tolist()).interval()
        effect = paired_effect(dict(enumerate(ours)), dict(enumerate(theirs)))
        assert interval is not None
        assert effect is not None
        missed += 70 not in interval
        missed_difference += 0 not in effect.interval
    assert LEAST <= missed <= MOST
    assert LEAST <= missed_difference <= MOST


@pytest.mark.parametrize(("seeds", "held"), [(3, 0.75), (10, 0.90), (40, 0.94)])
def test_bootstrap_intervals_hold_the_truth_as_often_as_they_say(seeds: int, held: float) -> None:
    """With three seeds three times in four, and with many as often as their level."""
    rng = np.random.default_rng(seeds)
    found = 0
    for _ in range(REPETITIONS):
        interval = bootstrap_interval(rng.normal(size=seeds).tolist(), rng, method="percentile", resamples=1000)
        assert interval is not None
        found += 0 in interval
    assert found / REPETITIONS == pytest.approx(held, abs=0.04)


def scores_of(seeds: int, samples: int, of_seed: float, rng: np.random.Generator) -> np.ndarray:
    """(seeds, samples): parts of the seed, of the sample, and of the two together; the true mean is 0."""
    return of_seed * rng.normal(size=(seeds, 1)) + rng.normal(size=(1, samples)) + rng.normal(size=(seeds, samples))


class TestCrossed:
    @pytest.mark.parametrize(("seeds", "samples", "of_seed"), [(40, 100, 0.2), (3, 200, 0.0)])
    def test_many_seeds_or_seeds_that_do_not_matter(self, seeds: int, samples: int, of_seed: float) -> None:
        rng = np.random.default_rng(0)
        found = sum(
            0 in crossed_interval(scores_of(seeds, samples, of_seed, rng), rng, resamples=500)
            for _ in range(REPETITIONS)
        )
        assert 0.92 <= found / REPETITIONS <= 0.985

    def test_three_seeds_that_matter_are_too_few(self) -> None:
        """What the docstring warns of: it holds the truth three times in four."""
        rng = np.random.default_rng(0)
        found = sum(0 in crossed_interval(scores_of(3, 200, 1.0, rng), rng, resamples=500) for _ in range(REPETITIONS))
        assert 0.70 <= found / REPETITIONS <= 0.85

    def test_paired(self) -> None:
        """What a sample is for both methods falls out, and what is left is as often within the interval as it says."""
        rng = np.random.default_rng(0)
        found = 0
        for _ in range(REPETITIONS):
            shared = 5 * rng.normal(size=(1, 100))
            ours, theirs = (shared + scores_of(30, 100, 0.2, rng) for _ in range(2))
            found += 0 in paired_crossed_interval(ours, theirs, rng, resamples=500)
        assert 0.92 <= found / REPETITIONS <= 0.985
