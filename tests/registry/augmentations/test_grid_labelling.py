"""The exact labelling of a grid."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from provbench.registry.augmentations.grid_labelling import label_grid


def energy(labels: np.ndarray, unary: np.ndarray, down: np.ndarray, right: np.ndarray) -> float:
    steps = len(unary) - 1
    rows, columns = np.indices(labels.shape)
    return float(
        unary[labels, rows, columns].sum()
        + (down * (np.diff(labels, axis=0) / steps) ** 2).sum()
        + (right * (np.diff(labels, axis=1) / steps) ** 2).sum()
    )


@settings(max_examples=60)
@given(
    labels=st.integers(2, 4),
    shape=st.sampled_from([(1, 1), (1, 4), (2, 2), (3, 2), (2, 3)]),
    smoothness=st.sampled_from([0.0, 0.3, 1.0, 10.0]),
    seed=st.integers(0, 10**6),
)
def test_no_labelling_is_better_by_brute_force(
    labels: int, shape: tuple[int, int], smoothness: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    rows, columns = shape
    unary = rng.normal(size=(labels, rows, columns))
    down, right = smoothness * rng.random((rows - 1, columns)), smoothness * rng.random((rows, columns - 1))
    best = min(
        energy(np.array(candidate).reshape(shape), unary, down, right)
        for candidate in product(range(labels), repeat=rows * columns)
    )
    found = label_grid(unary, down, right)
    assert found.shape == shape
    assert energy(found, unary, down, right) == pytest.approx(best, abs=1e-5)


def test_without_neighbours_each_block_takes_its_cheapest_label_and_ties_the_lowest() -> None:
    unary = np.array([[[0.0, 2.0, 1.0]], [[1.0, 1.0, 1.0]], [[2.0, 0.0, 1.0]]])
    assert label_grid(unary, np.zeros((0, 3)), np.zeros((1, 2))).tolist() == [[0, 2, 0]]


def test_a_grid_of_256_blocks_is_solved_to_a_local_minimum_at_least() -> None:
    rng = np.random.default_rng(0)
    unary, down, right = rng.random((3, 16, 16)), rng.random((15, 16)), rng.random((16, 15))
    labels = label_grid(unary, down, right)
    best = energy(labels, unary, down, right)
    assert set(np.unique(labels)) == {0, 1, 2}
    for row, column, label in product(range(16), range(16), range(3)):
        changed = labels.copy()
        changed[row, column] = label
        assert energy(changed, unary, down, right) >= best - 1e-5


@pytest.mark.parametrize(
    ("unary", "down", "message"),
    [
        (np.zeros((1, 2, 2)), np.zeros((1, 2)), "at least two labels"),
        (np.zeros((2, 2, 2)), np.array([[0.0, -1.0]]), "must not be negative"),
        (np.full((2, 2, 2), np.nan), np.zeros((1, 2)), "must be finite"),
    ],
)
def test_what_a_cut_cannot_solve_is_refused(unary: np.ndarray, down: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        label_grid(unary, down, np.zeros((2, 1)))
