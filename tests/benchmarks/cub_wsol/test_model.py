from pathlib import Path

import pytest
import torch
from torch import nn

from provbench.benchmarks.cub_wsol import model as models
from provbench.benchmarks.cub_wsol.model import VGG16CAM, CAMNetwork, ResNet50CAM, TinyCAM
from provbench.registry import MissingDataError, ScoreMapNetwork, UserError, build_network

SIDES = {"vgg16-cam": 16, "resnet50-cam": 8, "tiny-cam": 8}
"""Input pixels to a pixel of the map."""


@pytest.fixture(scope="module", params=SIDES)
def named(request: pytest.FixtureRequest) -> tuple[str, CAMNetwork]:
    torch.manual_seed(0)
    net = build_network(
        request.param, 7, offers=ScoreMapNetwork, weights=None, image_size=64, weights_dir=Path("nowhere")
    )
    assert isinstance(net, CAMNetwork)
    return request.param, net.eval()


@torch.no_grad()
def test_shapes(named: tuple[str, CAMNetwork]) -> None:
    name, net = named
    inputs, labels = torch.randn(2, 3, 32, 48), torch.tensor([6, 0])

    assert net(inputs).shape == (2, 7)
    assert net.scoremaps(inputs, labels).shape == (2, 32 // SIDES[name], 48 // SIDES[name])


@torch.no_grad()
def test_a_maps_mean_is_its_logit_less_the_bias_over_the_channels(named: tuple[str, CAMNetwork]) -> None:
    _, net = named
    net.fc.bias.fill_(0.5)
    inputs, labels = torch.randn(2, 3, 32, 32), torch.tensor([3, 5])
    logits, maps = net.logits_and_scoremaps(inputs, labels)
    means = maps.mean(dim=(1, 2)) * net.fc.in_features + 0.5

    torch.testing.assert_close(means, logits.gather(1, labels[:, None])[:, 0], rtol=1e-3, atol=1e-4)
    torch.testing.assert_close(net(inputs), logits)
    torch.testing.assert_close(net.scoremaps(inputs, labels), maps)


def test_new_parameters_are_some_of_the_parameters(named: tuple[str, CAMNetwork]) -> None:
    name, net = named
    new = {id(parameter) for parameter in net.new_parameters()}
    found = {key.split(".")[0] for key, parameter in net.named_parameters() if id(parameter) in new}

    assert found == {"vgg16-cam": {"conv6", "fc"}, "resnet50-cam": {"layer4", "fc"}, "tiny-cam": {"fc"}}[name]


def test_vgg_has_no_last_pool_and_no_normalisation() -> None:
    net = VGG16CAM(2)
    kinds = [type(layer) for layer in net.modules()]

    assert kinds.count(nn.Conv2d) == 14
    assert kinds.count(nn.MaxPool2d) == 4
    assert kinds.count(nn.BatchNorm2d) == 0
    assert (net.conv6.in_channels, net.conv6.out_channels) == (512, 1024)


def test_vgg_takes_torchvisions_features(monkeypatch: pytest.MonkeyPatch) -> None:
    shapes = {f"features.{name}": tensor.shape for name, tensor in VGG16CAM(2).features.state_dict().items()}
    state = {name: torch.randn(shape) for name, shape in shapes.items()}
    monkeypatch.setattr(models, "torchvision_weights", lambda *_: {**state, "classifier.6.bias": torch.zeros(1000)})
    loaded = VGG16CAM(2, weights="IMAGENET1K_V1").state_dict()

    assert {"features.0.weight", "features.28.weight"} <= shapes.keys()  # torchvision's own numbers
    assert all(torch.equal(loaded[name], tensor) for name, tensor in state.items())


@torch.no_grad()
def test_resnets_maps_are_large_or_not() -> None:
    inputs = torch.randn(1, 3, 32, 32)

    assert ResNet50CAM(2).feature_maps(inputs).shape == (1, 2048, 4, 4)
    assert ResNet50CAM(2, large_feature_map=False).feature_maps(inputs).shape == (1, 2048, 2, 2)


def test_missing_weights_say_what_to_put_where(tmp_path: Path) -> None:
    for name, file in {"vgg16-cam": "vgg16-397923af.pth", "resnet50-cam": "resnet50-0676ba61.pth"}.items():
        with pytest.raises(MissingDataError, match=rf"{tmp_path / file}: no such file\. Download https://.*{file}"):
            build_network(name, 2, weights="IMAGENET1K_V1", image_size=224, weights_dir=tmp_path)
    with pytest.raises(UserError, match=r"the mini networks have MINI_WORLD, or null for random ones \(got 'x'\)"):
        build_network("tiny-cam", 2, weights="x")


def test_samples_do_not_interact_in_the_nets_without_batch_normalisation() -> None:
    torch.manual_seed(0)
    net = TinyCAM(3).train()
    inputs = torch.randn(4, 3, 64, 64)

    torch.testing.assert_close(net(inputs)[:1], net(inputs[:1]))


def test_tiny_is_twice_differentiable_in_its_inputs() -> None:
    torch.manual_seed(0)
    net = TinyCAM(3)
    inputs = torch.randn(2, 3, 64, 64, requires_grad=True)
    (gradient,) = torch.autograd.grad(net(inputs)[:, 1].sum(), inputs, create_graph=True)
    gradient.square().sum().backward()

    assert all(layer.weight.grad is not None for layer in net.modules() if isinstance(layer, nn.Conv2d))


def test_weights_follow_from_torchs_generator() -> None:
    def build(seed: int) -> torch.Tensor:
        torch.manual_seed(seed)
        return torch.cat([parameter.flatten() for parameter in TinyCAM(3).parameters()])

    assert torch.equal(build(1), build(1))
    assert not torch.equal(build(1), build(2))
