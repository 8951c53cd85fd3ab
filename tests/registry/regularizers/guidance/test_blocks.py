"""Sums over blocks and the fields that are constant on them."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings, strategies as st

from provbench.registry.regularizers.guidance.blocks import (
    block_count,
    block_sides,
    block_sums,
    check_block,
    random_field,
)


def test_sums_by_hand_with_smaller_blocks_at_the_end() -> None:
    values = torch.arange(12.0).view(1, 1, 3, 4)
    assert block_sums(values, 2).tolist() == [[[0 + 1 + 4 + 5, 2 + 3 + 6 + 7, 8 + 9, 10 + 11]]]
    assert block_sums(values, "100%").tolist() == [[[66]]]


def test_a_block_of_one_element_changes_nothing() -> None:
    values = torch.randn(2, 3, 4, 5)
    assert torch.equal(block_sums(values, 1), values.flatten(2))


@pytest.mark.parametrize(
    ("block", "spatial", "sides"),
    [(1, (8, 8), (1, 1)), (5, (8, 3), (5, 3)), ("50%", (9, 4), (5, 2)), ("1%", (8, 8), (1, 1)), (17, (340,), (17,))],
)
def test_sides(block: int | str, spatial: tuple[int, ...], sides: tuple[int, ...]) -> None:
    assert block_sides(block, spatial) == sides


@settings(max_examples=30)
@given(spatial=st.lists(st.integers(1, 9), min_size=1, max_size=3), block=st.integers(1, 10))
def test_a_field_and_the_sums_have_the_same_blocks(spatial: list[int], block: int) -> None:
    # ⟨field, values⟩ = Σ over blocks of the block's sign · the block's sum
    shape = (2, 3, *spatial)
    field = random_field(shape, block, torch.Generator().manual_seed(0)).double()
    values = torch.randn(shape, dtype=torch.float64)
    signs = block_sums(field, block).sign()
    assert set(field.unique().tolist()) <= {-1, 1}
    assert signs.shape[2] == block_count(block, spatial)
    torch.testing.assert_close((field * values).flatten(2).sum(dim=2), (signs * block_sums(values, block)).sum(dim=2))


@pytest.mark.parametrize("block", [0, -3, "0%", "101%", "half", "50", "%"])
def test_other_sizes_are_refused(block: int | str) -> None:
    with pytest.raises(ValueError, match="a block is a number of elements"):
        check_block(block)
