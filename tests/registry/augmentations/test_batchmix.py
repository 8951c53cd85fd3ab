"""BatchMix."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy

import pytest
import torch
from hypothesis import given, settings, strategies as st
from torch import Tensor, nn

from provbench.registry import AUGMENTATIONS, Batch, Source, UserError
from provbench.registry.augmentations.batchmix import BatchMix
from provbench.registry.regularizers.guidance.loss import guidance_loss


def cloud(labels: list[int], present: list[list[int]], joints: int = 3) -> Batch:
    """Videos with so many points in each of their instances; the others have confidence 0."""
    inputs = torch.randn(len(labels), 5, len(present[0]), joints)
    inputs[:, 3] = 0
    for video, counts in enumerate(present):
        for instance, count in enumerate(counts):
            inputs[video, 3, instance, :count] = 0.9
    return Batch.untouched(inputs, torch.tensor(labels), [f"v{i}" for i in range(len(labels))])


def run(augmentation: BatchMix, batch: Batch, seed: int = 0) -> Batch:
    return augmentation(batch, torch.Generator().manual_seed(seed), nn.Identity())


def mixed_with(partner: list[int], augmentation: BatchMix, batch: Batch) -> Batch:
    """The mix of the first seed that draws these partners."""
    for seed in range(200):
        mixed = run(augmentation, batch, seed)
        if mixed.sources[1].labels.tolist() == batch.sources[0].labels[partner].tolist():
            return mixed
    raise AssertionError("no seed draws these partners")


def test_the_cloud_is_the_samples_instances_and_then_the_partners() -> None:
    batch = cloud([0, 1, 2], [[3, 1], [2, 2], [3, 0]])
    mixed = mixed_with([1, 2, 0], BatchMix(), batch)
    assert mixed.inputs.shape == (3, 5, 4, 3)
    assert torch.equal(mixed.inputs[:, :, :2], batch.inputs)
    assert torch.equal(mixed.inputs[:, :, 2:], batch.inputs[[1, 2, 0]])
    assert mixed.ids == ("v0", "v1", "v2")
    first, second = mixed.sources
    own = torch.tensor([1.0, 1, 0, 0]).view(1, 1, 4, 1).expand(3, 1, 4, 3)
    assert torch.equal(first.mask, own)
    assert torch.equal(second.mask, 1 - own)
    assert first.guided.all()
    assert second.guided.all()


def test_labels_weigh_as_many_points_as_are_there() -> None:
    batch = cloud([0, 1, 2], [[3, 1], [2, 0], [0, 0]])
    first, second = mixed_with([1, 2, 0], BatchMix(), batch).sources
    torch.testing.assert_close(first.weight, torch.tensor([4 / 6, 1.0, 0.0]))
    torch.testing.assert_close(second.weight, torch.tensor([2 / 6, 0.0, 1.0]))
    assert first.guided.tolist() == [True, False, False]  # an empty video has nothing to say, nor to be kept apart from


def test_labels_can_weigh_one_half_each() -> None:
    batch = cloud([0, 1, 2], [[3, 1], [2, 0], [0, 0]])
    first, second = mixed_with([1, 2, 0], BatchMix(labels="half"), batch).sources
    assert first.weight.tolist() == [0.5, 1.0, 0.0]
    assert second.weight.tolist() == [0.5, 0.0, 1.0]


def test_two_videos_without_points_weigh_one_half_each() -> None:
    first, second = mixed_with([1, 0], BatchMix(), cloud([0, 1], [[0, 0], [0, 0]])).sources
    assert first.weight.tolist() == second.weight.tolist() == [0.5, 0.5]


@settings(max_examples=25)
@given(
    labels=st.lists(st.integers(0, 3), min_size=1, max_size=6),
    kind=st.sampled_from(["share", "half"]),
    seed=st.integers(0, 10**6),
)
def test_weights_sum_to_1_masks_share_every_point_and_one_class_is_one_source(
    labels: list[int], kind: str, seed: int
) -> None:
    torch.manual_seed(seed)
    batch = Batch.untouched(torch.rand(len(labels), 5, 2, 3).round(decimals=0), torch.tensor(labels))
    first, second = run(AUGMENTATIONS.build("batchmix", labels=kind), batch, seed).sources
    torch.testing.assert_close(first.weight + second.weight, torch.ones(len(labels)))
    assert torch.equal(first.mask + second.mask, torch.ones(len(labels), 1, 4, 3))
    same = first.labels == second.labels
    assert bool((first.weight[same] == 1).all())
    assert bool((first.mask[same] == 1).all())
    assert not (first.guided | second.guided)[same].any()


def test_masks_that_samples_bring_along_move_with_their_instances() -> None:
    batch = cloud([0, 1], [[3, 3], [3, 3]])
    (source,) = batch.sources
    masks = torch.zeros(2, 1, 2, 3)
    masks[0, 0, 0], masks[1, 0, 1] = 1, 1
    batch = Batch(batch.inputs, (Source(source.labels, source.weight, masks, torch.ones(2).bool()),))
    first, second = mixed_with([1, 0], BatchMix(), batch).sources
    assert first.mask[0, 0, :, 0].tolist() == [1, 0, 0, 0]
    assert second.mask[0, 0, :, 0].tolist() == [0, 0, 0, 1]


def test_a_step_can_be_repeated_and_leaves_its_batch_alone() -> None:
    batch = cloud([0, 1, 2, 3], [[3, 1]] * 4)
    before = deepcopy(batch)
    assert torch.equal(run(BatchMix(), batch, 5).inputs, run(BatchMix(), batch, 5).inputs)
    assert torch.equal(batch.inputs, before.inputs)
    assert torch.equal(batch.sources[0].mask, before.sources[0].mask)


def test_probability_0_leaves_the_batch_as_it_is() -> None:
    batch = cloud([0, 1], [[3, 1], [2, 2]])
    assert all(run(BatchMix(prob=0.0), batch, seed) is batch for seed in range(5))


@pytest.mark.parametrize("shape", [(4, 3, 8, 8), (4, 5, 10)])
def test_inputs_that_are_no_clouds_are_refused(shape: tuple[int, ...], make_batch: Callable[..., Batch]) -> None:
    with pytest.raises(UserError, match=r"batchmix: mixes clouds of instances \(B, C, N, K\).*choose another"):
        run(AUGMENTATIONS.build("batchmix"), make_batch(shape))


class Aware(nn.Module):
    """A net on the points of some instances only."""

    def __init__(self, instances: slice) -> None:
        super().__init__()
        self.instances = instances
        self.layers = nn.Sequential(nn.Flatten(), nn.Linear(5 * 3 * 2, 4), nn.Tanh(), nn.Linear(4, 2))

    def forward(self, inputs: Tensor) -> Tensor:
        return self.layers(inputs[:, :, self.instances])


def test_guidance_asks_each_label_to_look_at_its_own_video() -> None:
    """Two logits, two videos: what a logit draws from the wrong video is the penalty, by hand."""
    mixed = mixed_with([1, 0], BatchMix(), cloud([0, 1], [[3, 3], [3, 3]]))
    inputs = mixed.inputs.requires_grad_()
    own, other = Aware(slice(0, 2)), Aware(slice(2, 4))

    def logits(first: nn.Module, second: nn.Module) -> Tensor:
        """The first net makes the sample's own logit, the second its partner's."""
        mine, theirs = first(inputs), second(inputs)
        rows = torch.arange(2)
        return torch.zeros(2, 2).index_put((rows, rows), mine[:, 0]).index_put((rows, 1 - rows), theirs[:, 0])

    apart = guidance_loss(logits(own, other), inputs, mixed.sources)
    assert float(apart.detach()) == 0
    crossed = guidance_loss(logits(own, own), inputs, mixed.sources)
    (wrong,) = torch.autograd.grad(own(inputs)[:, 0].sum(), inputs)
    torch.testing.assert_close(crossed, wrong.square().flatten(1).sum(dim=1).mean())
    assert float(crossed.detach()) > 0
