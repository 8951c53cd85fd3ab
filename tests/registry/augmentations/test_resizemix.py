"""ResizeMix."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from pydantic import ValidationError
from torch.nn import functional

from provbench.registry import Batch
from provbench.registry.augmentations.resizemix import ResizeMix, ResizeMixParams

Generators = Callable[[int], torch.Generator]


def box(mask: torch.Tensor) -> tuple[slice, slice]:
    rows, columns = mask.nonzero(as_tuple=True)
    return slice(int(rows.min()), int(rows.max()) + 1), slice(int(columns.min()), int(columns.max()) + 1)


def test_the_whole_partner_is_pasted_shrunk_at_a_place_of_each_samples_own(
    make_batch: Callable[..., Batch], make_generator: Generators
) -> None:
    batch = make_batch((8, 3, 20, 12))
    mixed = ResizeMix(scale_low=0.5, scale_high=0.5)(batch, make_generator(2), lambda inputs: inputs)
    first, second = mixed.sources
    small = functional.interpolate(batch.inputs, size=(10, 6), mode="nearest")
    places = set()
    for i in range(8):
        if first.labels[i] == second.labels[i]:
            continue
        rows, columns = box(second.mask[i, 0])
        assert bool((second.mask[i, 0, rows, columns] == 1).all())
        assert torch.equal(mixed.inputs[i, :, rows, columns], small[second.labels[i]])
        assert float(second.weight[i]) == 0.25
        places.add((rows.start, columns.start))
    assert len(places) > 2


def test_pixels_are_those_at_multiples_of_the_scale(
    make_batch: Callable[..., Batch], make_generator: Generators
) -> None:
    """0.35 of 10 pixels are 3, of the columns floor(i / 0.35): 0, 2, 5; the rounded sizes would give 0, 3, 6."""
    batch = make_batch((2, 1, 10, 10), labels=[0, 1])
    batch.inputs[:] = torch.arange(10.0)
    batch.inputs[1] += 100
    for seed in range(20):
        mixed = ResizeMix(scale_low=0.35, scale_high=0.35)(batch, make_generator(seed), lambda inputs: inputs)
        _, second = mixed.sources
        if second.weight.any():
            rows, columns = box(second.mask[0, 0])
            assert mixed.inputs[0, 0, rows, columns].tolist() == [[100.0, 102.0, 105.0]] * 3
            return
    pytest.fail("no mix of two images was drawn")


def test_scales_stay_in_their_range_and_reach_its_ends(
    make_batch: Callable[..., Batch], make_generator: Generators
) -> None:
    batch = make_batch((2, 1, 100, 100), labels=[0, 1])
    sides = []
    for seed in range(60):
        _, second = ResizeMix()(batch, make_generator(seed), lambda inputs: inputs).sources
        if second.weight.any():
            rows, _ = box(second.mask[int(second.weight.argmax()), 0])
            sides.append(rows.stop - rows.start)
    assert 10 <= min(sides) < 25
    assert 65 < max(sides) <= 80


def test_a_mask_that_the_partner_brings_is_shrunk_with_it(
    make_batch: Callable[..., Batch], make_generator: Generators
) -> None:
    masks = torch.zeros(6, 1, 16, 16)
    masks[..., :8] = 1  # each target is in its left half
    batch = make_batch((6, 3, 16, 16), masks=masks)
    first, second = ResizeMix(scale_low=0.5, scale_high=0.5)(batch, make_generator(0), lambda inputs: inputs).sources
    for i in range(6):
        if first.labels[i] != second.labels[i]:
            rows, columns = box(second.mask[i, 0])
            assert (rows.stop - rows.start, columns.stop - columns.start) == (8, 4)  # the left half of 8 x 8
            assert not first.mask[i, 0, rows, columns].any()
            assert float(second.weight[i]) == 0.25  # the pixels' share


def test_a_tiny_image_is_still_pasted_as_a_pixel(make_batch: Callable[..., Batch], make_generator: Generators) -> None:
    batch = make_batch((2, 1, 3, 3))
    for seed in range(20):
        _, second = ResizeMix(scale_low=0.1, scale_high=0.1)(batch, make_generator(seed), lambda inputs: inputs).sources
        assert set(second.mask.sum(dim=(1, 2, 3)).tolist()) <= {0.0, 1.0}


def test_scales_out_of_order_are_refused() -> None:
    with pytest.raises(ValidationError, match=r"scale_low 0.9 is above scale_high 0.8"):
        ResizeMixParams(scale_low=0.9)
