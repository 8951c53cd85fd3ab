"""STGCN++ on tracks."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from provbench.benchmarks.ucf101_24.stgcn import TrackSTGCN
from provbench.registry import MODELS, UserError

pytestmark = pytest.mark.slow  # importing mmaction2's models takes seconds

FRAMES, PEOPLE = 8, 3


@pytest.fixture(scope="module")
def net() -> TrackSTGCN:
    torch.manual_seed(0)
    torch.set_num_threads(1)
    return MODELS.build("stgcn++", num_classes=4, people=PEOPLE, base_channels=12, num_stages=3, down_stages=[3]).eval()


def cloud(videos: int = 2) -> Tensor:
    torch.manual_seed(1)
    inputs = torch.rand(videos, 5, FRAMES, PEOPLE, 17) + 0.1
    inputs[:, :, :, 2] = 0  # nobody
    inputs[:, :, 5:, 1] = 0  # gone
    return inputs.flatten(2, 3)


def test_a_videos_logits_are_those_of_the_maximum_over_the_people_that_are_there(net: TrackSTGCN) -> None:
    inputs = cloud()
    features, seen = net.track_features(inputs)
    assert features.shape == (2, FRAMES, PEOPLE, 12)
    assert seen[0].tolist() == [[True, True, False]] * 5 + [[True, False, False]] * 3
    pooled = torch.stack([features[video][seen[video]].max(dim=0).values for video in range(2)])
    torch.testing.assert_close(net(inputs), net.classifier(pooled))
    instances = net.instance_logits(inputs)
    assert instances.shape == (2, FRAMES * PEOPLE, 4)
    torch.testing.assert_close(instances[:, PEOPLE * 2 + 1], net.classifier(features[:, 2, 1]))


def test_tracks_do_not_interact_and_their_order_does_not_matter(net: TrackSTGCN) -> None:
    inputs = cloud()
    swapped = inputs.view(2, 5, FRAMES, PEOPLE, 17)[:, :, :, [1, 0, 2]].flatten(2, 3)
    torch.testing.assert_close(net(swapped), net(inputs))
    alone = inputs.clone().view(2, 5, FRAMES, PEOPLE, 17)
    alone[:, :, :, 1] = 0
    torch.testing.assert_close(
        net.instance_logits(alone.flatten(2, 3))[:, ::PEOPLE], net.instance_logits(inputs)[:, ::PEOPLE]
    )


def test_a_video_of_nobody_gets_the_classifiers_bias(net: TrackSTGCN) -> None:
    torch.testing.assert_close(net(torch.zeros(1, 5, FRAMES * PEOPLE, 17))[0], net.classifier.bias)


def test_it_is_twice_differentiable(net: TrackSTGCN) -> None:
    inputs = cloud().requires_grad_()
    (gradient,) = torch.autograd.grad(net(inputs)[:, 0].sum(), inputs, create_graph=True)
    (second,) = torch.autograd.grad(gradient.square().sum(), net.classifier.weight)
    assert bool(second.abs().sum() > 0)


def test_other_numbers_of_people_are_refused(net: TrackSTGCN) -> None:
    with pytest.raises(UserError, match="built for 3 in each frame"):
        net(torch.zeros(1, 5, 7, 17))
