from __future__ import annotations

from collections import Counter
from itertools import product

import numpy as np
import pytest

from provbench.results.statistics import Interval, crossed_interval, crossed_means, paired_crossed_interval


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def variance(scores: np.ndarray) -> float:
    """Of the mean over all resamples.

    How often seeds i and k are drawn, times each other, is 1 - 1/S on the average, and one more if i = k; for samples
    likewise. Multiplied out, that leaves the sums of squares of the total, the rows, the columns and the scores.
    """
    seeds, samples = scores.shape
    total, rows, columns = scores.sum() ** 2, (scores.sum(1) ** 2).sum(), (scores.sum(0) ** 2).sum()
    one, other = 1 - 1 / seeds, 1 - 1 / samples
    second = one * other * total + other * rows + one * columns + (scores**2).sum()
    return second / scores.size**2 - scores.mean() ** 2


RIGHT = (rng(1).random((3, 200)) < [[0.6], [0.7], [0.8]]).astype(float)
SMOOTH = rng(2).random((4, 150)) + np.array([[0.1], [0.2], [0.3], [0.4]])


class TestMeans:
    def test_by_hand(self) -> None:
        """Two seeds, two samples: 4 ways to draw either, 16 in all, each as likely as the other."""
        scores = np.array([[0.0, 1.0], [3.0, 8.0]])
        ways = Counter(
            float(np.mean([scores[i, j] for i in seeds for j in samples]))
            for seeds in product((0, 1), repeat=2)
            for samples in product((0, 1), repeat=2)
        )
        found = Counter(crossed_means(scores, rng(), 16_000).tolist())
        assert found.keys() == ways.keys()
        for mean, count in ways.items():
            assert found[mean] == pytest.approx(1000 * count, abs=4 * np.sqrt(1000 * count))

    @pytest.mark.parametrize("scores", [RIGHT, SMOOTH, SMOOTH[:, :1], RIGHT[:1], RIGHT[:, :3], -RIGHT])
    def test_mean_and_variance_over_all_resamples(self, scores: np.ndarray) -> None:
        means = crossed_means(scores, rng(), 20_000)
        assert means.shape == (20_000,)
        assert means.mean() == pytest.approx(scores.mean(), abs=4 * np.sqrt(variance(scores) / 20_000))
        assert means.var() == pytest.approx(variance(scores), rel=0.05)

    def test_scores_that_repeat_and_scores_that_do_not_have_one_distribution(self) -> None:
        jittered = RIGHT + 1e-9 * rng(3).random(RIGHT.shape)
        levels = np.linspace(0.05, 0.95, 10)
        few, many = (np.quantile(crossed_means(scores, rng(), 20_000), levels) for scores in (RIGHT, jittered))
        assert few == pytest.approx(many, abs=0.005)

    def test_resamples_beyond_one_chunk(self) -> None:
        scores = rng(4).random((2, 5000))
        means = crossed_means(scores, rng(), 500)  # 209 a chunk
        assert len(np.unique(means)) == 500
        assert np.array_equal(means, crossed_means(scores, rng(), 500))

    def test_right_and_wrong_may_be_bools(self) -> None:
        assert np.array_equal(crossed_means(RIGHT > 0, rng(), 100), crossed_means(RIGHT, rng(), 100))


class TestInterval:
    def test_the_order_of_samples_does_not_matter(self) -> None:
        shuffled = RIGHT[:, rng(5).permutation(RIGHT.shape[1])]
        assert crossed_interval(shuffled, rng()) == crossed_interval(RIGHT, rng())

    def test_one_seed_is_an_interval_over_samples(self) -> None:
        interval = crossed_interval(RIGHT[:1], rng())
        mean = RIGHT[0].mean()
        half = 1.96 * np.sqrt(mean * (1 - mean) / RIGHT.shape[1])
        assert (interval.low, interval.high) == pytest.approx((mean - half, mean + half), abs=0.006)

    def test_seeds_that_agree_add_nothing(self) -> None:
        alike = np.repeat(RIGHT[:1], 5, axis=0)
        assert crossed_means(alike, rng(), 20_000).var() == pytest.approx(RIGHT[0].var() / RIGHT.shape[1], rel=0.05)

    def test_seeds_that_differ_widen_it(self) -> None:
        far = RIGHT + np.array([[-1.0], [0.0], [1.0]])
        narrow, wide = crossed_interval(RIGHT, rng()), crossed_interval(far, rng())
        assert wide.high - wide.low > 5 * (narrow.high - narrow.low)

    def test_no_spread_is_a_point(self) -> None:
        assert crossed_interval(np.ones((3, 10)), rng()) == Interval(1.0, 1.0)

    def test_the_generator_decides(self) -> None:
        assert crossed_interval(SMOOTH, rng(), level=0.9) == crossed_interval(SMOOTH, rng(), level=0.9)
        assert crossed_interval(SMOOTH, rng()) != crossed_interval(SMOOTH, rng(1))

    @pytest.mark.parametrize(
        "scores", [np.zeros(3), np.zeros((0, 5)), np.zeros((3, 0)), np.array([[1.0, np.nan]]), np.array([[np.inf]])]
    )
    def test_what_it_refuses(self, scores: np.ndarray) -> None:
        with pytest.raises(ValueError, match=r"finite, and \(seeds, samples\)"):
            crossed_interval(scores, rng())

    def test_a_level_is_a_probability(self) -> None:
        with pytest.raises(ValueError, match="level"):
            crossed_interval(RIGHT, rng(), level=95)


class TestPaired:
    def test_is_that_of_the_differences(self) -> None:
        assert paired_crossed_interval(SMOOTH, SMOOTH**2, rng()) == crossed_interval(SMOOTH - SMOOTH**2, rng())
        assert paired_crossed_interval(RIGHT > 0, RIGHT < 1, rng()) == crossed_interval(2 * RIGHT - 1, rng())

    def test_what_is_hard_for_both_does_not_count(self) -> None:
        """A method that is right wherever the other is, and on a tenth more, is better, whatever the test set."""
        ours = RIGHT.copy()
        ours[:, ::10] = 1
        paired = paired_crossed_interval(ours, RIGHT, rng())
        assert paired.low > 0
        alone = crossed_interval(RIGHT, rng())
        assert ours.mean() in alone
        assert paired.high - paired.low < (alone.high - alone.low) / 2

    def test_a_method_and_itself(self) -> None:
        assert paired_crossed_interval(SMOOTH, SMOOTH, rng()) == Interval(0.0, 0.0)

    def test_shapes_must_agree(self) -> None:
        with pytest.raises(ValueError, match=r"one shape, got \(3, 200\) and \(2, 200\)"):
            paired_crossed_interval(RIGHT, RIGHT[:2], rng())


class TestClusters:
    def test_samples_that_are_each_other_s_copies_are_worth_one(self) -> None:
        """The spread over 40 clusters of 5 equal samples is that over 40 samples, and not that over 200."""
        once = RIGHT[:, :40]
        copied, clusters = np.repeat(once, 5, axis=1), np.repeat(np.arange(40), 5)
        assert np.array_equal(crossed_means(copied, rng(), 1000, clusters), crossed_means(once, rng(), 1000))
        whole, loose = crossed_interval(copied, rng(), clusters=clusters), crossed_interval(copied, rng())
        assert whole.high - whole.low > loose.high - loose.low

    def test_clusters_of_one_are_samples(self) -> None:
        found = crossed_means(SMOOTH, rng(), 500, np.arange(SMOOTH.shape[1]))
        assert np.allclose(found, crossed_means(SMOOTH, rng(), 500))

    def test_the_mean_is_over_samples_where_clusters_differ_in_size(self) -> None:
        """Of one cluster of 3 with score 1 and one of 1 with score 0, two are drawn: 0, 3/4 or 1."""
        means = crossed_means(np.array([[1.0, 1.0, 1.0, 0.0]]), rng(), 1000, np.array(["a", "a", "a", "b"]))
        assert sorted(set(means.tolist())) == [0.0, 0.75, 1.0]

    def test_paired(self) -> None:
        clusters = np.arange(RIGHT.shape[1]) // 10
        found = paired_crossed_interval(RIGHT, 1 - RIGHT, rng(), clusters=clusters)
        assert found == crossed_interval(2 * RIGHT - 1, rng(), clusters=clusters)

    def test_one_for_each_sample(self) -> None:
        with pytest.raises(ValueError, match="one for each of 200 samples"):
            crossed_interval(RIGHT, rng(), clusters=np.arange(3))
