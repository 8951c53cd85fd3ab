from __future__ import annotations

import numpy as np
import pytest

from provbench.results.statistics import clusters_of, paired_score_matrices, score_matrix


def run(ids: str, scores: list[float], column: str = "accuracy") -> dict[str, np.ndarray]:
    return {"id": np.array(list(ids)), column: np.array(scores)}


def test_samples_are_matched_by_id() -> None:
    found = score_matrix([run("abc", [1, 2, 3]), run("cab", [6, 4, 5])], "accuracy")
    assert found.tolist() == [[1, 2, 3], [4, 5, 6]]
    assert found.dtype == np.float64


def test_right_and_wrong_become_numbers() -> None:
    columns = {"id": np.array([1, 0]), "accuracy": np.array([True, False])}
    assert score_matrix([columns], "accuracy").tolist() == [[0.0, 1.0]]


@pytest.mark.parametrize(
    ("runs", "message"),
    [
        ([], "one run or more"),
        ([run("ab", [1, 2]), run("ab", [1, 2], "Top-1 Loc")], "run 1 has no column 'accuracy', but Top-1 Loc, id"),
        ([run("aba", [1, 2, 3])], "run 0 has a sample twice: .*a"),
        ([run("ab", [1, 2]), run("ac", [1, 2])], "run 1 was scored on other samples than run 0"),
        ([run("ab", [1, 2]), run("abc", [1, 2, 3])], "other samples than run 0: 3 against 2"),
    ],
)
def test_what_cannot_be_matched(runs: list, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        score_matrix(runs, "accuracy")


class TestPaired:
    def test_shared_seeds_in_one_order(self) -> None:
        ours = {2: run("ab", [1, 2]), 0: run("ba", [4, 3]), 5: run("ab", [0, 0])}
        theirs = {0: run("ab", [5, 6]), 2: run("ab", [7, 8]), 7: run("xy", [0, 0])}
        found = paired_score_matrices(ours, theirs, "accuracy")
        assert found is not None
        assert [side.tolist() for side in found] == [[[3, 4], [1, 2]], [[5, 6], [7, 8]]]

    def test_no_shared_seed(self) -> None:
        assert paired_score_matrices({0: run("a", [1])}, {1: run("a", [1])}, "accuracy") is None

    def test_methods_must_have_been_scored_on_the_same_samples(self) -> None:
        with pytest.raises(ValueError, match="run 1 was scored on other samples"):
            paired_score_matrices({0: run("ab", [1, 2])}, {0: run("bc", [1, 2])}, "accuracy")


def test_clusters_are_in_the_order_of_the_scores() -> None:
    columns = {**run("cab", [6, 4, 5]), "cluster": np.array(["z", "x", "y"])}
    assert clusters_of([columns]) is not None
    assert list(clusters_of([columns])) == ["x", "y", "z"]  # type: ignore[arg-type]
    assert clusters_of([run("ab", [1, 2])]) is None
