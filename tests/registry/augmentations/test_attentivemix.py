"""AttentiveMix: the highest patches of the partner's attention."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from provbench.registry import AUGMENTATIONS, Batch, UserError
from provbench.registry.augmentations.attentivemix import AttentiveMix


class Looks(nn.Module):
    """Attends to the mean of each block of 8 x 8 pixels."""

    def forward(self, inputs: Tensor) -> Tensor:
        return inputs.mean(dim=(2, 3))

    def feature_maps(self, inputs: Tensor) -> Tensor:
        return nn.functional.avg_pool2d(inputs, 8)


def test_the_mask_is_the_partner_s_highest_patches() -> None:
    torch.manual_seed(0)
    batch = Batch.untouched(torch.randn(4, 3, 56, 56), torch.arange(4))
    mixed = AUGMENTATIONS.build("attentivemix")(batch, torch.Generator().manual_seed(0), Looks())
    first, second = mixed.sources
    for own, other in zip(range(4), second.labels.tolist(), strict=True):
        if own == other:
            continue
        sums = batch.inputs[other].double().numpy().reshape(3, 7, 8, 7, 8).mean(axis=(2, 4)).sum(axis=0)
        chosen = np.zeros(49)
        chosen[np.argsort(-sums.ravel())[:6]] = 1
        expected = np.kron(chosen.reshape(7, 7), np.ones((8, 8)))
        np.testing.assert_array_equal(second.mask[own, 0].numpy(), expected)
        assert second.weight[own].item() == pytest.approx(6 / 49)
        assert first.weight[own].item() == pytest.approx(43 / 49)


def test_maps_of_any_resolution_are_brought_to_the_grid() -> None:
    mix = AttentiveMix(patches=3, grid=4)
    for shape in [(4, 4), (7, 7), (2, 2), (14, 10)]:
        found = mix.attended(torch.randn(2, *shape))
        assert found.shape == (2, 1, 4, 4)
        assert found.sum(dim=(1, 2, 3)).tolist() == [3, 3]


def test_patches_must_leave_something() -> None:
    with pytest.raises(UserError, match=r"patches 4 must be below grid², 4"):
        AUGMENTATIONS.build("attentivemix", grid=2, patches=4)
