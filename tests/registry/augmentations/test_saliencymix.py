"""SaliencyMix: the rectangle lies around the partner's peak, as the paper's formula has it."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from provbench.registry import AUGMENTATIONS, Batch
from provbench.registry.augmentations import saliencymix
from provbench.registry.augmentations.saliencymix import around
from provbench.registry.augmentations.salient import fine_grained


def rectangle(row: int, column: int, sides: tuple[int, int], scale: float) -> np.ndarray:
    """The paper's box, written out: centre less and plus half of the cut, clipped."""
    inside = np.zeros(sides)
    (height, width), (tall, wide) = sides, (int(side * scale) for side in sides)
    top, bottom = np.clip([row - tall // 2, row + tall // 2], 0, height)
    left, right = np.clip([column - wide // 2, column + wide // 2], 0, width)
    inside[top:bottom, left:right] = 1
    return inside


@pytest.mark.parametrize("scale", [0.0, 0.3, 0.75, 1.0])
def test_rectangles_are_centred_and_clipped(scale: float) -> None:
    sides = (9, 12)
    peaks = torch.arange(9 * 12)
    found = around(peaks, sides, scale)
    for peak in peaks.tolist():
        expected = rectangle(peak // 12, peak % 12, sides, scale)
        np.testing.assert_array_equal(found[peak, 0].numpy(), expected)


def test_each_sample_shows_what_is_conspicuous_in_its_partner(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saliencymix, "beta_sample", lambda beta, generator: 0.75)
    torch.manual_seed(0)
    batch = Batch.untouched(torch.randn(4, 3, 32, 32), torch.arange(4))
    spots = [divmod(int(one.argmax()), 32) for one in fine_grained(batch.inputs)]
    mixed = AUGMENTATIONS.build("saliencymix")(batch, torch.Generator().manual_seed(1), lambda images: images)
    first, second = mixed.sources
    assert first.labels.tolist() != second.labels.tolist()
    for own, other in zip(first.labels.tolist(), second.labels.tolist(), strict=True):
        down, right = spots[other]
        pasted = rectangle(down, right, (32, 32), 0.5)
        if own != other:
            np.testing.assert_array_equal(second.mask[own, 0].numpy(), pasted)
            assert torch.equal(mixed.inputs[own, :, *spots[other]], batch.inputs[other, :, *spots[other]])
            assert second.weight[own] == pasted.mean()
