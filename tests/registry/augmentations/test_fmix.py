"""FMix: the spectrum and the threshold, against NumPy's transform of the same noise."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from provbench.registry import AUGMENTATIONS, Batch
from provbench.registry.augmentations import fmix
from provbench.registry.augmentations.fmix import highest, low_frequencies


@pytest.mark.parametrize(("height", "width"), [(16, 16), (9, 14), (14, 9), (1, 5)])
@pytest.mark.parametrize("decay", [1.0, 3.0])
def test_the_map_is_the_inverse_transform_of_damped_noise(height: int, width: int, decay: float) -> None:
    found = low_frequencies(height, width, decay, torch.Generator().manual_seed(3))
    frequencies = np.hypot(np.fft.fftfreq(height)[:, None], np.abs(np.fft.fftfreq(width))[: width // 2 + 1])
    shape = (2, *frequencies.shape)
    noise = torch.randn(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(3)).numpy()
    scale = 1 / np.maximum(frequencies, 1 / max(height, width)) ** decay
    expected = np.fft.irfft2((noise[0] + 1j * noise[1]) * scale, s=(height, width))
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(("share", "count"), [(0, 0), (0.26, 3), (0.5, 6), (1, 12)])
def test_the_mask_is_that_share_of_the_highest_values(share: float, count: int) -> None:
    values = torch.randn(3, 4)
    shown = highest(values, share)
    assert int(shown.sum()) == count
    assert not count or values[shown == 1].min() >= max(values[shown == 0].tolist(), default=-9)


def test_one_mask_of_the_drawn_area_serves_the_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fmix, "beta_sample", lambda alpha, generator: 0.3)
    batch = Batch.untouched(torch.randn(4, 3, 20, 10), torch.arange(4))
    first, second = AUGMENTATIONS.build("fmix")(batch, torch.Generator().manual_seed(1), lambda images: images).sources
    mixed = first.labels != second.labels
    assert first.weight[mixed].tolist() == pytest.approx([0.3] * int(mixed.sum()))
    masks = first.mask[mixed]
    assert torch.equal(masks, masks[:1].expand_as(masks))


def test_masks_have_few_shapes_where_the_decay_is_high() -> None:
    def borders(decay: float) -> float:
        masks = [highest(low_frequencies(64, 64, decay, torch.Generator().manual_seed(seed)), 0.5) for seed in range(5)]
        return float(sum(mask.diff(dim=0).abs().sum() + mask.diff(dim=1).abs().sum() for mask in masks))

    assert borders(3.0) < 0.3 * borders(1.0)
