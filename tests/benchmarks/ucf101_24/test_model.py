"""Structured Keypoint Pooling: what its output may depend on, and what it must not."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given, settings, strategies as st
from torch import Tensor, nn

from provbench.benchmarks.ucf101_24.model import (
    CONFIDENCE,
    ChannelGroupNorm,
    Harmonics,
    StructuredKeypointPooling,
    tiny_skp,
)
from provbench.registry import AUGMENTATIONS, MODELS, REGULARIZERS, Batch
from provbench.registry.contracts import double_differentiable
from provbench.registry.regularizers.guidance.loss import guidance_loss

NORMALIZATIONS = ("batch", "group", "none")


@pytest.fixture(autouse=True)
def _reproducible() -> None:
    torch.manual_seed(0)
    torch.set_num_threads(1)


def cloud(videos: int = 3, instances: int = 6, joints: int = 5, missing: float = 0.3) -> Tensor:
    """Random points, some of them missing: all of their channels are then 0."""
    inputs = torch.rand(videos, 5, instances, joints) * 2 - 1
    inputs[:, CONFIDENCE] = inputs[:, CONFIDENCE].abs() + 0.1
    return inputs * (torch.rand(videos, 1, instances, joints) > missing)


def build(normalization: Any = "group", **values: Any) -> StructuredKeypointPooling:
    net = StructuredKeypointPooling(4, width=8, groups=2, normalization=normalization, **values)
    for module in net.modules():  # other than the initial statistics and scales, which would hide mistakes
        if isinstance(module, nn.BatchNorm1d):
            assert module.running_mean is not None
            assert module.running_var is not None
            nn.init.uniform_(module.running_mean)
            nn.init.uniform_(module.running_var, 0.5, 2)
            nn.init.uniform_(module.weight, 0.5, 2)
    return net


def permute(inputs: Tensor, seed: int) -> tuple[Tensor, Tensor]:
    """Every video's instances, and every instance's points, in another order; and the order of the instances."""
    generator = torch.Generator().manual_seed(seed)
    videos, _, instances, joints = inputs.shape
    rows = torch.rand(videos, instances, generator=generator).argsort(dim=1)
    points = torch.rand(videos, instances, joints, generator=generator).argsort(dim=2)
    moved = inputs.gather(3, points[:, None].expand_as(inputs))
    return moved.gather(2, rows[:, None, :, None].expand_as(inputs)), rows


@settings(max_examples=15)
@given(
    normalization=st.sampled_from(NORMALIZATIONS),
    training=st.booleans(),
    residual=st.booleans(),
    missing=st.sampled_from([0.0, 0.3, 0.9]),
    seed=st.integers(0, 10**6),
)
def test_the_order_of_points_and_people_and_padding_change_nothing(
    normalization: str, training: bool, residual: bool, missing: float, seed: int
) -> None:
    torch.manual_seed(seed)
    net = build(normalization, residual=residual, depth=2, frequencies=2).train(training)
    inputs = cloud(missing=missing)
    logits, instances = net(inputs), net.instance_logits(inputs)

    moved, rows = permute(inputs, seed)
    torch.testing.assert_close(net(moved), logits, rtol=1e-4, atol=1e-5)
    expected = instances.gather(1, rows[..., None].expand_as(instances))
    torch.testing.assert_close(net.instance_logits(moved), expected, rtol=1e-4, atol=1e-5)

    padded = torch.cat([torch.zeros(3, 5, 2, 5), inputs, torch.zeros(3, 5, 3, 5)], dim=2)
    padded = torch.cat([padded, torch.zeros(3, 5, 11, 2)], dim=3)
    torch.testing.assert_close(net(padded), logits, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(net.instance_logits(padded)[:, 2:-3], instances, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("normalization", NORMALIZATIONS)
@pytest.mark.parametrize("training", [True, False])
def test_what_stands_where_the_confidence_is_0_changes_nothing(normalization: str, training: bool) -> None:
    net, inputs = build(normalization).train(training), cloud()
    rubbish = torch.where(inputs[:, CONFIDENCE : CONFIDENCE + 1] > 0, inputs, 1e3 * torch.randn_like(inputs))
    rubbish[:, CONFIDENCE] = inputs[:, CONFIDENCE]
    torch.testing.assert_close(net(rubbish), net(inputs))
    inputs = inputs.requires_grad_()
    (gradient,) = torch.autograd.grad(net(inputs)[:, 0].sum(), inputs)
    missing = (inputs[:, CONFIDENCE : CONFIDENCE + 1] == 0).expand_as(gradient)
    assert bool((gradient[missing] == 0).all())
    assert bool((gradient[~missing] != 0).any())


@settings(max_examples=15)
@given(
    normalization=st.sampled_from(NORMALIZATIONS), missing=st.sampled_from([0.0, 0.5, 0.95]), seed=st.integers(0, 999)
)
def test_a_videos_logits_are_those_of_the_maximum_over_its_instances_features(
    normalization: str, missing: float, seed: int
) -> None:
    torch.manual_seed(seed)
    net, inputs = build(normalization).eval(), cloud(missing=missing)
    features, seen = net.instance_features(inputs)
    assert torch.equal(seen, (inputs[:, CONFIDENCE] > 0).any(dim=2))
    for video in range(3):
        present = features[video][seen[video]]
        pooled = present.max(dim=0).values if len(present) else torch.zeros(features.shape[-1])
        torch.testing.assert_close(net(inputs)[video], net.classifier(pooled))
    torch.testing.assert_close(net.instance_logits(inputs), net.classifier(features))


def by_hand(net: StructuredKeypointPooling, video: Tensor) -> Tensor:
    """The features of a video's instances (its points all there), by loops over people."""
    instances = []
    for person in range(video.shape[1]):
        points = net.of_points(net.embedding(video[:, person].T))
        instances.append(points.max(dim=0).values)
    whole = torch.stack(instances).max(dim=0).values
    instances = [net.of_instances(torch.cat([own, whole])[None])[0] for own in instances]
    whole = torch.stack(instances).max(dim=0).values
    return torch.stack([net.of_video(torch.cat([own, whole])[None])[0] for own in instances])


@pytest.mark.parametrize("normalization", NORMALIZATIONS)
def test_features_by_loops(normalization: str) -> None:
    net, inputs = build(normalization, depth=2).eval(), cloud(missing=0.0)
    for video, features in zip(inputs, net.instance_features(inputs)[0], strict=True):
        torch.testing.assert_close(features, by_hand(net, video))


@pytest.mark.parametrize("normalization", NORMALIZATIONS)
@pytest.mark.parametrize("training", [True, False])
def test_empty_videos_get_the_classifiers_bias_and_no_nan(normalization: str, training: bool) -> None:
    net = build(normalization).train(training)
    inputs = cloud()
    inputs[1] = 0
    for clouds in (inputs, torch.zeros_like(inputs), _single_point()):
        clouds = clouds.clone().requires_grad_()
        logits = net(clouds)
        assert bool(logits.isfinite().all())
        (gradient,) = torch.autograd.grad(logits.sum(), clouds, create_graph=True)
        assert bool(gradient.isfinite().all())
        (gradient.square().sum() + 0 * logits.sum()).backward()
        assert all(bool(p.grad.isfinite().all()) for p in net.parameters() if p.grad is not None)
    torch.testing.assert_close(net(inputs)[1], net.classifier.bias)
    torch.testing.assert_close(net.instance_logits(inputs)[1], net.classifier.bias.expand(6, 4))


def _single_point() -> Tensor:
    inputs = torch.zeros(3, 5, 6, 5)
    inputs[0, :, 2, 3] = 0.5
    return inputs


def test_with_group_normalisation_samples_do_not_interact() -> None:
    net, inputs = build("group").train(), cloud()
    together = net(inputs)
    for video in range(3):
        torch.testing.assert_close(net(inputs[video : video + 1])[0], together[video])


def test_batch_statistics_are_those_of_the_points_that_are_there() -> None:
    net, inputs = build("batch").train(), cloud(missing=0.5)
    linear, norm = net.embedding[1], next(module for module in net.modules() if isinstance(module, nn.BatchNorm1d))
    assert norm.running_mean is not None
    before = norm.running_mean.clone()
    net(inputs)
    there = inputs.movedim(1, -1)[inputs[:, CONFIDENCE] > 0]
    expected = 0.9 * before + 0.1 * linear(there).mean(dim=0)
    torch.testing.assert_close(norm.running_mean, expected)


def test_group_normalisation_is_torchs() -> None:
    norm, points = ChannelGroupNorm(2, 8), torch.randn(6, 8)
    nn.init.uniform_(norm.weight)
    nn.init.uniform_(norm.bias)
    torch.testing.assert_close(norm(points), nn.functional.group_norm(points, 2, norm.weight, norm.bias))


def test_harmonics_by_hand() -> None:
    points = torch.tensor([[0.5, 1.0]])
    expected = [0.5, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0, -1.0, -1.0, 1.0]  # values; sines of π, 2π times them; cosines
    torch.testing.assert_close(Harmonics(2)(points), torch.tensor([expected]))
    assert torch.equal(Harmonics(0)(points), points)


@pytest.mark.parametrize("shape", [(2, 4, 6, 17), (2, 5, 17), (2, 5, 0, 17)])
def test_other_inputs_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"inputs must be \(B, 5, N, J\)"):
        build()(torch.zeros(shape))


# guidance through BatchMix


def mixed(seed: int = 1) -> Batch:
    clouds = Batch.untouched(cloud(videos=4, missing=0.2), torch.arange(4))
    batch = AUGMENTATIONS.build("batchmix")(clouds, torch.Generator().manual_seed(seed), nn.Identity())
    return batch.with_inputs(batch.inputs.requires_grad_())


class Separate(nn.Module):
    """Logits of each label from its own video's half of the cloud, which the network is told by an oracle."""

    def __init__(self, net: nn.Module, batch: Batch) -> None:
        super().__init__()
        self.net, self.batch = net, batch

    def forward(self, inputs: Tensor) -> Tensor:
        half = inputs.shape[2] // 2
        own, other = self.net(inputs[:, :, :half]), self.net(inputs[:, :, half:])
        first, second = (nn.functional.one_hot(source.labels, 4) for source in self.batch.sources)
        return own * first + other * second * (1 - first)


@pytest.mark.parametrize("normalization", NORMALIZATIONS)
def test_the_penalty_is_0_for_a_model_that_ignores_the_other_video_and_positive_otherwise(normalization: str) -> None:
    batch, net = mixed(), build(normalization).eval()
    assert bool(batch.guided.any())
    ignoring = guidance_loss(Separate(net, batch)(batch.inputs), batch.inputs, batch.sources)
    looking = guidance_loss(net(batch.inputs), batch.inputs, batch.sources)
    assert float(ignoring.detach()) == 0
    assert float(looking.detach()) > 0


@pytest.mark.parametrize("normalization", NORMALIZATIONS)
def test_the_penalty_has_a_gradient_and_training_on_it_makes_it_smaller(normalization: str) -> None:
    batch, net = mixed(), build(normalization).train()
    guidance = REGULARIZERS.build("gradient-guidance", alpha=1.0)
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
    penalties = []
    for _ in range(8):
        with double_differentiable():
            penalty = guidance.penalty(net(batch.inputs), batch, torch.Generator())
        optimizer.zero_grad()
        penalty.backward()
        assert all(bool(p.grad.isfinite().all()) for p in net.parameters() if p.grad is not None)
        optimizer.step()
        penalties.append(float(penalty.detach()))
    assert penalties[-1] < penalties[0]


@pytest.mark.parametrize("normalization", ["group", "none"])
def test_second_derivatives_are_those_of_finite_differences(normalization: str) -> None:
    net = build(normalization).double()
    inputs = cloud(videos=1, instances=3, joints=2, missing=0.3).double().requires_grad_()
    there = inputs[:, CONFIDENCE : CONFIDENCE + 1].detach() > 0

    def logits(inputs: Tensor) -> Tensor:
        return net(torch.where(there, inputs, 0.0))  # a step must not make a missing point appear

    assert torch.autograd.gradgradcheck(logits, (inputs,), atol=1e-4)


# the registries


def test_both_sizes_are_registered() -> None:
    tiny = MODELS.get("tiny-skp")(4)
    assert MODELS.get("skp") is StructuredKeypointPooling
    assert isinstance(tiny, StructuredKeypointPooling)
    assert sum(parameter.numel() for parameter in tiny.parameters()) < 150_000
    assert tiny(cloud(joints=17)).shape == (3, 4)
    assert not any(isinstance(module, nn.BatchNorm1d) for module in tiny_skp(2).modules())


def test_the_default_has_the_published_sizes() -> None:
    net = StructuredKeypointPooling(24)
    sizes = [(block[0].layers[0].in_features, block[0].layers[0].out_features) for block in _stages(net)]
    assert sizes == [(256, 512), (512, 1024), (1024, 2048)]
    assert any(isinstance(module, nn.BatchNorm1d) for module in net.modules())


def _stages(net: StructuredKeypointPooling) -> list[Any]:
    return [net.of_points, net.of_instances, net.of_video]


@pytest.mark.slow
def test_mmaction2_builds_it_by_name_and_trains_and_predicts_with_it() -> None:
    from provbench.benchmarks.ucf101_24 import openmmlab

    openmmlab.mend()
    from mmaction.registry import MODELS as THEIRS
    from mmaction.structures import ActionDataSample

    net = THEIRS.build({"type": "StructuredKeypointPooling", "num_classes": 4, "width": 8, "groups": 2})
    assert isinstance(net, StructuredKeypointPooling)
    samples = [ActionDataSample().set_gt_label(label) for label in (0, 3, 1)]
    inputs = cloud()
    loss = net(inputs, samples, mode="loss")["loss_cls"]
    torch.testing.assert_close(loss, nn.functional.cross_entropy(net(inputs), torch.tensor([0, 3, 1])))
    predicted = net.eval()(inputs, samples, mode="predict")
    torch.testing.assert_close(torch.stack([sample.pred_score for sample in predicted]), net(inputs).softmax(dim=1))
