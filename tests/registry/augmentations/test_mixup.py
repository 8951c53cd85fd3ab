"""Mixup."""

from __future__ import annotations

from collections.abc import Callable

import torch

from provbench.registry import Batch
from provbench.registry.augmentations.mixup import Mixup


def test_inputs_and_masks_are_blended_by_one_ratio(
    make_batch: Callable[..., Batch], make_generator: Callable[[int], torch.Generator]
) -> None:
    batch = make_batch((5, 3, 7), labels=[0, 1, 2, 3, 4])
    mixed = Mixup(alpha=0.4)(batch, make_generator(1), lambda inputs: inputs)
    first, second = mixed.sources
    partner = second.labels  # labels are the samples' numbers here
    mixed_pairs = partner != first.labels
    (ratio,) = first.mask[mixed_pairs].unique().tolist()
    assert 0 < ratio < 1
    torch.testing.assert_close(mixed.inputs, ratio * batch.inputs + (1 - ratio) * batch.inputs[partner])
    torch.testing.assert_close(second.mask[mixed_pairs].unique(), torch.tensor([1 - ratio]))
    torch.testing.assert_close(first.weight + second.weight, torch.ones(5))


def test_nothing_is_guided_even_where_the_samples_were(
    make_batch: Callable[..., Batch], make_generator: Callable[[int], torch.Generator]
) -> None:
    batch = make_batch((4, 3, 6, 6), masks=torch.rand(4, 1, 6, 6) > 0.5)
    assert batch.guided.all()
    assert not Mixup()(batch, make_generator(0), lambda inputs: inputs).guided.any()
