"""What holds of every mixing augmentation, and the provenance rules that they share."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy

import pytest
import torch
from hypothesis import given, settings, strategies as st
from scipy import stats
from torch import Tensor, nn

from provbench.registry import AUGMENTATIONS, Augmentation, Batch, Source, UserError
from provbench.registry.augmentations.mixing import beta_sample, chosen, mix, rectangle

AREA_MIXES = ("attentivemix", "cutmix", "fmix", "puzzlemix", "resizemix", "saliencymix")
"""Mixes whose labels go by area."""
IN_PLACE = ("attentivemix", "cutmix", "fmix", "saliencymix")
"""Mixes that leave each pixel of either image in its place."""
REGION_MIXES = (*AREA_MIXES, "snapmix")
MIXES = (*REGION_MIXES, "mixup")
SHAPES = ((8, 8), (16, 8), (6, 32))


def mean(mask: Tensor) -> Tensor:
    return mask.flatten(1).mean(dim=1)


class Net(nn.Module):
    """A network with features and class activation maps."""

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(channels, 4, 3, padding=1), nn.Tanh(), nn.AdaptiveAvgPool2d(2))
        self.head = nn.Linear(4, classes)

    def forward(self, inputs: Tensor) -> Tensor:
        return self.head(self.features(inputs).mean(dim=(2, 3)))

    def feature_maps(self, inputs: Tensor) -> Tensor:
        return self.features(inputs)

    def logits_and_scoremaps(self, inputs: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        maps = (self.head.weight[labels][:, :, None, None] * self.features(inputs)).sum(dim=1)
        return self(inputs), maps


def net_for(channels: int = 3, classes: int = 8) -> nn.Module:
    return Net(channels, classes)


def run(augmentation: Augmentation, batch: Batch, seed: int) -> Batch:
    return augmentation(batch, torch.Generator().manual_seed(seed), net_for())


@settings(max_examples=30)
@given(
    name=st.sampled_from(MIXES),
    shape=st.sampled_from(SHAPES),
    size=st.integers(1, 6),
    classes=st.integers(1, 6),
    seed=st.integers(0, 10**6),
)
def test_weights_are_the_masks_means_and_masks_share_every_element(
    name: str, shape: tuple[int, int], size: int, classes: int, seed: int
) -> None:
    torch.manual_seed(seed)
    batch = Batch.untouched(torch.randn(size, 3, *shape), torch.randint(classes, (size,)))
    mixed = run(AUGMENTATIONS.build(name), batch, seed)
    first, second = mixed.sources
    assert mixed.inputs.shape == batch.inputs.shape
    assert first.mask.shape == second.mask.shape == (size, 1, *shape)
    if name != "snapmix":
        assert torch.equal(first.weight, mean(first.mask))
        assert torch.equal(second.weight, mean(second.mask))
    torch.testing.assert_close(first.weight + second.weight, torch.ones(size))
    assert torch.equal(first.mask + second.mask, torch.ones(size, 1, *shape))
    assert bool(((first.mask >= 0) & (first.mask <= 1)).all())
    assert torch.equal(first.labels, batch.sources[0].labels)

    alone = (first.labels == second.labels) | (first.weight == 0) | (second.weight == 0)
    guides = ~alone if name in REGION_MIXES else torch.zeros(size, dtype=torch.bool)
    assert torch.equal(first.guided, guides)
    assert torch.equal(second.guided, guides)


@settings(max_examples=20)
@given(name=st.sampled_from((*IN_PLACE, "resizemix")), shape=st.sampled_from(SHAPES), seed=st.integers(0, 10**6))
def test_every_element_is_a_pixel_of_the_source_that_the_mask_names(
    name: str, shape: tuple[int, int], seed: int
) -> None:
    size = 4
    torch.manual_seed(seed)
    batch = Batch.untouched(torch.randn(size, 3, *shape), torch.arange(size))
    mixed = run(AUGMENTATIONS.build(name), batch, seed)
    first, second = mixed.sources
    assert set(first.mask.unique().tolist()) <= {0.0, 1.0}
    for i in range(size):
        partner = int(second.labels[i])  # labels are the samples' numbers here
        if partner == i:
            continue
        own, other = first.mask[i, 0] == 1, second.mask[i, 0] == 1
        assert torch.equal(mixed.inputs[i][:, own], batch.inputs[i][:, own])
        if name in IN_PLACE:
            assert torch.equal(mixed.inputs[i][:, other], batch.inputs[partner][:, other])
        else:
            available = {tuple(pixel) for pixel in batch.inputs[partner].flatten(1).T.tolist()}
            assert {tuple(pixel) for pixel in mixed.inputs[i][:, other].T.tolist()} <= available


@pytest.mark.parametrize("name", MIXES)
def test_a_step_can_be_repeated_and_leaves_its_batch_alone(name: str) -> None:
    batch = Batch.untouched(torch.randn(4, 3, 16, 16), torch.tensor([0, 1, 2, 3]), list("abcd"))
    before = deepcopy(batch)
    net = net_for()
    torch.manual_seed(1)
    one = AUGMENTATIONS.build(name)(batch, torch.Generator().manual_seed(7), net)
    torch.manual_seed(2)  # torch's global generator is not used
    two = AUGMENTATIONS.build(name)(batch, torch.Generator().manual_seed(7), net)
    other = AUGMENTATIONS.build(name)(batch, torch.Generator().manual_seed(8), net)
    assert torch.equal(one.inputs, two.inputs)
    assert not torch.equal(one.inputs, other.inputs)
    assert one.ids == tuple("abcd")
    assert torch.equal(batch.inputs, before.inputs)
    for now, then in zip(vars(batch.sources[0]).values(), vars(before.sources[0]).values(), strict=True):
        assert torch.equal(now, then)
    assert not batch.inputs.requires_grad


@pytest.mark.parametrize("name", MIXES)
def test_probability_0_leaves_the_batch_as_it_is(name: str) -> None:
    batch = Batch.untouched(torch.randn(4, 3, 16, 16), torch.tensor([0, 1, 2, 3]))
    for seed in range(5):
        assert run(AUGMENTATIONS.build(name, prob=0.0), batch, seed) is batch


@pytest.mark.parametrize("name", MIXES)
def test_a_pair_of_one_class_has_one_source_and_nothing_to_guide_by(name: str) -> None:
    batch = Batch.untouched(torch.randn(4, 3, 16, 16), torch.tensor([5, 5, 5, 5]))
    first, second = run(AUGMENTATIONS.build(name), batch, 3).sources
    assert bool((first.mask == 1).all())
    assert first.weight.tolist() == [1.0] * 4
    assert second.weight.tolist() == [0.0] * 4
    assert not first.guided.any()
    assert not second.guided.any()


@pytest.mark.parametrize("name", REGION_MIXES)
def test_region_mixes_refuse_keypoint_clouds_and_mixup_takes_them(name: str) -> None:
    cloud = Batch.untouched(torch.randn(4, 3, 10), torch.arange(4))
    with pytest.raises(UserError, match=rf"{name}: mixes images \(B, C, H, W\).*\(4, 3, 10\)"):
        run(AUGMENTATIONS.build(name), cloud, 0)
    mixed = run(AUGMENTATIONS.build("mixup"), cloud, 0)
    assert mixed.sources[0].mask.shape == (4, 1, 10)


def pair(masks: Tensor, guided: list[bool], labels: list[int]) -> Batch:
    """Two samples that bring masks (2, 1, 1, 4) along."""
    source = Source(torch.tensor(labels), torch.ones(2), masks, torch.tensor(guided))
    return Batch(torch.arange(8.0).view(2, 1, 1, 4), (source,))


SWAP = torch.tensor([1, 0])
LEFT = torch.tensor([1.0, 1, 0, 0]).expand(2, 1, 1, 4)
INNER = torch.tensor([[0.0, 1, 1, 0], [1.0, 0, 1, 0]]).view(2, 1, 1, 4)


def test_masks_that_samples_bring_along_are_kept_by_hand() -> None:
    batch = pair(INNER, [True, True], [0, 1])
    first, second = mix(batch, SWAP, LEFT, batch.inputs).sources
    assert first.mask.flatten(1).tolist() == [[0, 1, 0, 0], [1, 0, 0, 0]]
    assert second.mask.flatten(1).tolist() == [[0, 0, 1, 0], [0, 0, 1, 0]]
    assert first.weight.tolist() == [0.5, 0.5]  # the pixels' share, not the target's
    assert first.guided.all()
    assert second.guided.all()


@pytest.mark.parametrize("guided", [[True, True], [True, False], [False, False]])
def test_a_pair_of_one_class_covers_what_the_two_cover_and_is_guided_as_they_were(guided: list[bool]) -> None:
    batch = pair(INNER, guided, [4, 4])
    first, second = mix(batch, SWAP, LEFT, batch.inputs).sources
    assert first.mask.flatten(1).tolist() == [[0, 1, 1, 0], [1, 0, 1, 0]]
    assert first.guided.tolist() == [any(guided)] * 2
    assert not second.guided.any()


@pytest.mark.parametrize("left", [0.0, 1.0])
def test_a_sample_that_fills_the_input_keeps_what_it_had_and_the_other_is_out_of_play(left: float) -> None:
    batch = pair(INNER, [True, False], [0, 1])
    first, second = mix(batch, SWAP, torch.full((2, 1, 1, 4), left), batch.inputs).sources
    filling, absent = (first, second) if left else (second, first)
    assert filling.weight.tolist() == [1, 1]
    assert torch.equal(filling.mask, INNER if left else INNER[SWAP])
    assert filling.guided.tolist() == ([True, False] if left else [False, True])
    assert absent.weight.tolist() == [0, 0]
    assert not absent.guided.any()
    assert not absent.mask.any()


def test_moved_masks_take_the_place_of_those_that_samples_brought() -> None:
    batch = pair(INNER, [True, True], [0, 1])
    ones = torch.ones(2, 1, 1, 4)
    first, second = mix(batch, SWAP, LEFT, batch.inputs, first=ones, second=ones).sources
    assert torch.equal(first.mask, LEFT)
    assert torch.equal(second.mask, 1 - LEFT)


def test_an_unlocated_mix_guides_nothing_even_where_samples_were_guided() -> None:
    batch = pair(INNER, [True, True], [0, 1])
    assert not mix(batch, SWAP, LEFT, batch.inputs, located=False).guided.any()


def test_probability_shifts_no_later_draw(make_generator: Callable[[int], torch.Generator]) -> None:
    draws = []
    for prob in (0.0, 0.5, 1.0):
        generator = make_generator(3)
        chosen(prob, generator)
        draws.append(float(torch.rand((), generator=generator)))
    assert len(set(draws)) == 1
    assert not any(chosen(0.0, make_generator(seed)) for seed in range(200))
    assert all(chosen(1.0, make_generator(seed)) for seed in range(200))


@pytest.mark.parametrize("beta", [0.3, 1.0, 4.0])
def test_mixing_ratios_are_beta_distributed(beta: float, make_generator: Callable[[int], torch.Generator]) -> None:
    generator = make_generator(0)
    sample = [beta_sample(beta, generator) for _ in range(400)]
    assert stats.kstest(sample, stats.beta(beta, beta).cdf).pvalue > 0.01


@settings(max_examples=40)
@given(height=st.integers(1, 20), width=st.integers(1, 20), side=st.floats(0, 1), seed=st.integers(0, 1000))
def test_rectangles_are_rectangles_of_at_most_the_wanted_sides(height: int, width: int, side: float, seed: int) -> None:
    inside = rectangle(height, width, side, torch.Generator().manual_seed(seed))
    rows, columns = inside.any(dim=1), inside.any(dim=0)
    assert torch.equal(inside, (rows[:, None] & columns).float())
    assert int(rows.sum()) <= int(height * side)
    assert int(columns.sum()) <= int(width * side)
    for line in (rows, columns):
        assert int((line.int().diff() == 1).sum() + line[0]) <= 1  # one run of ones
