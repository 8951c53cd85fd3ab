"""Where an image is conspicuous, and what a network attends to."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from provbench.registry import Batch
from provbench.registry.augmentations.salient import HALF_WIDTHS, attention, evaluating, fine_grained, surroundings


def plain_surroundings(grey: np.ndarray, half: int) -> np.ndarray:
    """The mean of each pixel's neighbours, pixel by pixel."""
    height, width = grey.shape
    found = np.empty_like(grey)
    for row in range(height):
        for column in range(width):
            window = grey[max(row - half, 0) : row + half + 1, max(column - half, 0) : column + half + 1]
            others = window.size - 1
            found[row, column] = (window.sum() - grey[row, column]) / others if others else grey[row, column]
    return found


@pytest.mark.parametrize(("height", "width", "half"), [(5, 7, 1), (6, 4, 3), (3, 3, 9), (1, 5, 2), (1, 1, 1)])
def test_surroundings_are_the_mean_of_the_neighbours(height: int, width: int, half: int) -> None:
    grey = torch.randn(2, 1, height, width, dtype=torch.float64)
    expected = np.stack([plain_surroundings(one[0].numpy(), half) for one in grey])
    torch.testing.assert_close(surroundings(grey, half)[:, 0], torch.from_numpy(expected))


def test_fine_grained_saliency_is_the_sum_of_both_kinds_of_contrast() -> None:
    images = torch.randn(2, 3, 20, 28)
    maps = []
    for image in images.mean(dim=1).double().numpy():
        bright, dark = np.zeros_like(image), np.zeros_like(image)
        for half in sorted({max(1, round(width / 8)) for width in HALF_WIDTHS}):
            difference = image - plain_surroundings(image, half)
            bright += np.maximum(difference, 0)
            dark += np.maximum(-difference, 0)
        maps.append(bright / bright.max() + dark / dark.max())
    torch.testing.assert_close(fine_grained(images), torch.tensor(np.stack(maps)).float(), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("value", [3.0, -3.0])
def test_no_place_is_more_salient_than_a_spot_and_a_blank_image_has_none(value: float) -> None:
    images = torch.zeros(2, 3, 32, 48)
    images[0, :, 20, 5] = value
    found = fine_grained(images)
    assert found[0, 20, 5] == found[0].max() == 1
    assert not found[1].any()


class Shows(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(3)

    def forward(self, inputs: Tensor) -> Tensor:
        return self.norm(inputs).mean(dim=(2, 3))

    def feature_maps(self, inputs: Tensor) -> Tensor:
        assert not self.norm.training
        return inputs[:, :, ::2, ::2]


def test_attention_is_the_sum_of_the_features_in_evaluation_mode() -> None:
    batch, model = Batch.untouched(torch.randn(2, 3, 8, 8), torch.tensor([0, 1])), Shows().train()
    torch.testing.assert_close(attention(batch, model), batch.inputs[:, :, ::2, ::2].sum(dim=1))
    assert model.norm.training
    assert model.norm.num_batches_tracked == 0
    assert attention(batch, lambda inputs: inputs.square().mean(dim=(2, 3))).shape == (2, 8, 8)


def test_modules_return_to_their_own_modes_after_an_error() -> None:
    model = nn.Sequential(nn.Dropout(), nn.Dropout().eval())

    def fail() -> None:
        with evaluating(model):
            assert not model[0].training
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert [part.training for part in model] == [True, False]
