"""Moving blocks."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies as st

from provbench.registry.augmentations.blocks import best_moves, divisor, enlarge, move_blocks


def plan_cost(origins: np.ndarray, shares: np.ndarray, wanted: np.ndarray, cost: float) -> float:
    rows, columns = shares.shape
    total = 0.0
    for place, block in enumerate(origins.ravel()):
        (y, x), (v, u) = divmod(place, columns), divmod(int(block), columns)
        distance = ((y - v) / max(rows - 1, 1)) ** 2 + ((x - u) / max(columns - 1, 1)) ** 2
        total += cost * distance - shares.flat[block] * wanted.flat[place]
    return total


@settings(max_examples=30)
@given(
    shape=st.sampled_from([(2, 2), (1, 5), (3, 2)]), cost=st.sampled_from([0.0, 0.1, 0.8]), seed=st.integers(0, 10**6)
)
def test_no_plan_is_cheaper_by_brute_force(shape: tuple[int, int], cost: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    shares, wanted = rng.dirichlet(np.ones(shape[0] * shape[1])).reshape(shape), (rng.random(shape) < 0.5).astype(float)
    (origins,) = best_moves(shares[None], wanted[None], cost)
    assert sorted(origins.ravel()) == list(range(origins.size))
    best = min(plan_cost(np.array(plan), shares, wanted, cost) for plan in permutations(range(origins.size)))
    assert plan_cost(origins, shares, wanted, cost) == pytest.approx(best)


def test_a_salient_block_moves_to_where_it_counts_and_stays_if_that_is_too_far() -> None:
    shares, wanted = np.array([[[0.9, 0.1]]]), np.array([[[0.0, 1.0]]])
    assert best_moves(shares, wanted, 0.3).tolist() == [[[1, 0]]]  # both move by 1: 0.6 for a gain of 0.8
    assert best_moves(shares, wanted, 0.5).tolist() == [[[0, 1]]]  # 1.0 for 0.8


def test_blocks_move_whole_and_other_images_stay() -> None:
    images = torch.arange(2 * 1 * 4 * 6.0).view(2, 1, 4, 6)
    moved = move_blocks(images, torch.tensor([[[3, 1], [2, 0]], [[0, 1], [2, 3]]]))
    assert torch.equal(moved[0, 0, :2, :3], images[0, 0, 2:, 3:])
    assert torch.equal(moved[0, 0, 2:, 3:], images[0, 0, :2, :3])
    assert torch.equal(moved[0, 0, :2, 3:], images[0, 0, :2, 3:])
    assert torch.equal(moved[1], images[1])


def test_enlarged_blocks_and_divisors() -> None:
    assert enlarge(torch.tensor([[[[0.0, 1.0]]]]), (2, 6))[0, 0].tolist() == [[0, 0, 0, 1, 1, 1]] * 2
    assert [divisor(12, most) for most in (1, 4, 5, 7, 12, 99)] == [1, 4, 4, 6, 12, 12]
    assert divisor(7, 4) == 1
