from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from sklearn.metrics import accuracy_score

from provbench.benchmarks.common.accuracies import accuracy, group_accuracies, weighted_accuracy, worst_group_accuracy

# 4 samples of group 0 (3 right), 2 of group 1 (1 right), none of group 2, 4 of group 3 (all right)
LABELS = [0, 0, 0, 0, 0, 0, 1, 1, 1, 1]
PREDICTED = [0, 0, 0, 1, 0, 1, 1, 1, 1, 1]
GROUPS = [0, 0, 0, 0, 1, 1, 3, 3, 3, 3]


def test_accuracies_by_hand() -> None:
    per_group = group_accuracies(PREDICTED, LABELS, GROUPS, 4)

    assert accuracy(PREDICTED, LABELS) == 80.0
    np.testing.assert_array_equal(per_group, [75.0, 50.0, np.nan, 100.0])
    assert worst_group_accuracy(per_group) == 50.0
    # the weight of the empty group is shared out: (75·70 + 50·10 + 100·10) / 90
    assert weighted_accuracy(per_group, [70, 10, 10, 10]) == pytest.approx(75.0)


def test_the_two_averages_differ_where_the_training_split_is_skewed() -> None:
    """With the official group counts, a net that looks only at the background: half right, or nearly always right."""
    train, test = [3498, 184, 56, 1057], [2255, 2255, 642, 642]
    labels = np.repeat([0, 0, 1, 1], test)
    places = np.repeat([0, 1, 0, 1], test)
    per_group = group_accuracies(places, labels, np.repeat(range(4), test), 4)

    assert accuracy(places, labels) == 50.0
    assert weighted_accuracy(per_group, train) == pytest.approx(100 * (3498 + 1057) / 4795)
    assert worst_group_accuracy(per_group) == 0.0


samples = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2), st.integers(0, 4)), min_size=1, max_size=60)


@settings(max_examples=60)
@given(samples)
def test_group_accuracies_are_those_of_scikit_learn_on_each_group(rows: list[tuple[int, int, int]]) -> None:
    predicted, labels, groups = (np.array(column) for column in zip(*rows, strict=True))
    per_group = group_accuracies(predicted, labels, groups, 5)

    for group in range(5):
        inside = groups == group
        if inside.any():
            assert per_group[group] == pytest.approx(100 * accuracy_score(labels[inside], predicted[inside]))
        else:
            assert np.isnan(per_group[group])


@settings(max_examples=60)
@given(samples)
def test_the_plain_accuracy_is_the_one_weighted_by_the_splits_own_frequencies(
    rows: list[tuple[int, int, int]],
) -> None:
    predicted, labels, groups = (np.array(column) for column in zip(*rows, strict=True))
    per_group = group_accuracies(predicted, labels, groups, 5)

    assert accuracy(predicted, labels) == pytest.approx(100 * accuracy_score(labels, predicted))
    assert weighted_accuracy(per_group, np.bincount(groups, minlength=5)) == pytest.approx(accuracy(predicted, labels))
    assert worst_group_accuracy(per_group) <= accuracy(predicted, labels) + 1e-9


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: accuracy([], []), "no samples"),
        (lambda: accuracy([0, 1], [0]), r"shapes \(2,\) and \(1,\)"),
        (lambda: group_accuracies([0], [0], [4], 4), r"lie in \[0, 4\), got 4"),
        (lambda: group_accuracies([0], [0], [0, 1], 4), "one group a sample"),
        (lambda: worst_group_accuracy([np.nan, np.nan]), "some with samples"),
        (lambda: weighted_accuracy([50.0, np.nan], [0, 1]), "both samples and weight"),
        (lambda: weighted_accuracy([50.0, 60.0], [1, -1]), "not negative"),
        (lambda: weighted_accuracy([50.0, 60.0], [1]), "expected 2 frequencies"),
    ],
)
def test_undefined_accuracies_are_refused(call: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
