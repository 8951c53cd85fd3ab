"""CutMix."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from provbench.registry import Batch
from provbench.registry.augmentations.cutmix import CutMix


def test_one_rectangle_serves_the_whole_batch(
    make_batch: Callable[..., Batch], make_generator: Callable[[int], torch.Generator]
) -> None:
    batch = make_batch((6, 3, 12, 20))
    for seed in range(10):
        first, second = CutMix()(batch, make_generator(seed), lambda inputs: inputs).sources
        masks = first.mask[first.labels != second.labels]
        assert torch.equal(masks, masks[:1].expand_as(masks))


def test_a_large_beta_cuts_half_the_image(
    make_batch: Callable[..., Batch], make_generator: Callable[[int], torch.Generator]
) -> None:
    # the ratio is then 1/2, the sides sqrt(1/2), and only clipping at the border makes the pasted part smaller
    batch, pasted = make_batch((2, 1, 40, 40)), []
    for seed in range(60):
        _, second = CutMix(beta=1e6)(batch, make_generator(seed), lambda inputs: inputs).sources
        pasted.append(float(second.weight.max()))
    assert max(pasted) == pytest.approx((28 / 40) ** 2)
    assert 0 < sorted(pasted)[45] < (28 / 40) ** 2
