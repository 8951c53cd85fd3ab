"""SnapMix: labels by what the rectangles hold of the activation maps, against the formulas written out."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch
from torch import Tensor, nn

from provbench.registry import AUGMENTATIONS, Batch, Source, UserError
from provbench.registry.augmentations import snapmix
from provbench.registry.augmentations.snapmix import extent, own_share, pasted

SIDES = (12, 16)
BILINEAR = {"mode": "bilinear", "align_corners": False}


class Maps(nn.Module):
    """Class k's activation map is channel k, at a quarter of the resolution."""

    def forward(self, inputs: Tensor) -> Tensor:
        return inputs.mean(dim=(2, 3))

    def logits_and_scoremaps(self, inputs: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        maps = nn.functional.avg_pool2d(inputs, 4)
        return self(inputs), maps[torch.arange(len(labels)), labels]


def semantic(image: np.ndarray, label: int) -> np.ndarray:
    """The map of the paper: resized to the image, from 0, with the sum 1."""
    small = image[label].reshape(3, 4, 4, 4).mean(axis=(1, 3))
    large = cv2.resize(small, SIDES[::-1], interpolation=cv2.INTER_LINEAR)
    return (large - large.min()) / (large - large.min()).sum()


@pytest.fixture
def boxes(monkeypatch: pytest.MonkeyPatch) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """The rectangle that is filled, and the one that fills it."""
    places = (slice(2, 8), slice(3, 11)), (slice(5, 9), slice(0, 6))
    waiting = list(places)

    def rectangle(height: int, width: int, side: float, generator: torch.Generator) -> Tensor:
        inside = torch.zeros(height, width)
        inside[waiting.pop(0)] = 1
        return inside

    monkeypatch.setattr(snapmix, "rectangle", rectangle)
    return places


def test_pixels_masks_and_labels_are_the_paper_s(boxes: tuple[tuple[slice, slice], tuple[slice, slice]]) -> None:
    torch.manual_seed(0)
    filled, taken = boxes
    labels = torch.tensor([0, 1, 2, 0])
    batch = Batch.untouched(torch.randn(4, 3, *SIDES), labels)
    mixed = AUGMENTATIONS.build("snapmix")(batch, torch.Generator().manual_seed(4), Maps())
    partner = torch.randperm(4, generator=_after_one_draw(4)).tolist()
    first, second = mixed.sources
    assert second.labels.tolist() == labels[partner].tolist()
    images = batch.inputs.double().numpy()
    for own, other in enumerate(partner):
        piece = images[other][:, taken[0], taken[1]].transpose(1, 2, 0)
        expected = images[own].copy()
        expected[:, filled[0], filled[1]] = cv2.resize(piece, (8, 6), interpolation=cv2.INTER_LINEAR).transpose(2, 0, 1)
        np.testing.assert_allclose(mixed.inputs[own].numpy(), expected, rtol=1e-5, atol=1e-5)
        rho = 1 - semantic(images[own], int(labels[own]))[filled].sum()
        sigma = semantic(images[other], int(labels[other]))[taken].sum()
        if labels[own] == labels[other]:
            assert first.weight[own] == 1
            assert not first.guided[own]
        else:
            assert first.weight[own].item() == pytest.approx(rho / (rho + sigma), rel=1e-4)
            outside = np.ones(SIDES)
            outside[filled] = 0
            np.testing.assert_array_equal(first.mask[own, 0].numpy(), outside)
            np.testing.assert_array_equal(second.mask[own, 0].numpy(), 1 - outside)


def _after_one_draw(seed: int) -> torch.Generator:
    generator = torch.Generator().manual_seed(seed)
    torch.rand((), generator=generator)
    return generator


def test_a_partner_s_mask_is_resized_with_its_pixels(boxes: tuple[tuple[slice, slice], tuple[slice, slice]]) -> None:
    inputs = torch.randn(2, 3, *SIDES)
    masks = torch.zeros(2, 1, *SIDES)
    masks[:, :, :7] = 1
    source = Source(torch.tensor([0, 1]), torch.ones(2), masks, torch.tensor([True, True]))
    batch = Batch(inputs, (source,))
    seed = next(seed for seed in range(9) if torch.randperm(2, generator=_after_one_draw(seed)).tolist() == [1, 0])
    _, second = AUGMENTATIONS.build("snapmix")(batch, torch.Generator().manual_seed(seed), Maps()).sources
    filled, _ = boxes
    expected = np.zeros(SIDES)
    expected[filled[0].start : filled[0].start + 3, filled[1]] = 1  # two of the four rows, as three of the six
    np.testing.assert_allclose(second.mask[0, 0].numpy(), expected, atol=1e-6)
    assert second.guided.all()


def test_without_any_activation_labels_go_by_area() -> None:
    filled, taken = torch.zeros(4, 4), torch.zeros(4, 4)
    filled[:] = 1
    taken[:2] = 1
    values = torch.zeros(2, 4, 4)
    values[0, 0, 0] = 1
    shares = own_share(values, torch.tensor([1, 0]), filled, taken)
    assert shares[0] == 0 / 1  # nothing of its own is left, and nothing of the partner's shown: by area, 0
    assert shares[1] == 0.5


def test_rectangles_are_resized_to_each_other() -> None:
    filled, taken = torch.zeros(6, 6), torch.zeros(6, 6)
    filled[1:4, 2:6], taken[4:6, 0:1] = 1, 1
    assert extent(filled) == (slice(1, 4), slice(2, 6))
    others = torch.arange(36.0).view(1, 1, 6, 6)
    found = pasted(torch.zeros(1, 1, 6, 6), others, extent(filled), extent(taken), **BILINEAR)
    assert found[0, 0, 1, 2:].tolist() == [24.0] * 4
    assert found[0, 0, 3, 2:].tolist() == pytest.approx([30.0] * 4)
    assert found[0, 0, 2, 2].item() == pytest.approx(27)
    assert not found[0, 0, 0].any()


def test_a_network_without_maps_is_refused() -> None:
    batch = Batch.untouched(torch.randn(2, 3, 8, 8), torch.tensor([0, 1]))
    with pytest.raises(UserError, match=r"snapmix: needs a network that makes class activation maps.*got Linear"):
        AUGMENTATIONS.build("snapmix")(batch, torch.Generator(), nn.Linear(2, 2))
