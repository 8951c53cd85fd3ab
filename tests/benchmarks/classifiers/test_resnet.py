"""ResNets: torchvision's architecture, a new last layer, and activation maps."""

from pathlib import Path

import pytest
import torch
from torchvision import models

from provbench.benchmarks.classifiers.resnet import ResNet18, ResNet50, ResNetClassifier
from provbench.registry import MissingDataError, PartlyNew, ScoreMapNetwork, build_network

NETWORKS = [(ResNet18, 512), (ResNet50, 2048)]


@pytest.mark.parametrize("name", ["resnet18", "resnet50"])
def test_images_become_one_logit_a_class(name: str, tmp_path: Path) -> None:
    model = build_network(name, 3, offers=ScoreMapNetwork, weights=None, image_size=64, weights_dir=tmp_path)

    assert isinstance(model, PartlyNew)
    assert model(torch.zeros(2, 3, 64, 64)).shape == (2, 3)


@pytest.mark.parametrize(("build", "features"), NETWORKS)
def test_the_new_parameters_are_those_of_the_last_layer(build: type[ResNetClassifier], features: int) -> None:
    model = build(2)

    assert [tuple(parameter.shape) for parameter in model.new_parameters()] == [(2, features), (2,)]
    mine = {id(parameter) for parameter in model.parameters()}
    assert all(id(parameter) in mine for parameter in model.new_parameters())


@pytest.mark.parametrize(("build", "features"), NETWORKS)
def test_the_architecture_is_torchvision_s(build: type[ResNetClassifier], features: int) -> None:
    """What ImageNet weights are loaded into, last layer apart, is torchvision's own network."""
    torch.manual_seed(0)
    reference = models.get_model(build.architecture, weights=None, num_classes=2).eval()
    model = build(2).eval()
    model.load_state_dict(reference.state_dict())

    images = torch.randn(2, 3, 64, 64)
    torch.testing.assert_close(model(images), reference(images), rtol=0, atol=0)


def test_a_score_map_s_mean_is_its_logit_less_the_bias() -> None:
    torch.manual_seed(0)
    model, images, labels = ResNet18(3).eval(), torch.randn(2, 3, 64, 64), torch.tensor([2, 0])
    logits, maps = model.logits_and_scoremaps(images, labels)

    assert maps.shape == (2, 2, 2)
    torch.testing.assert_close(logits, model(images))
    chosen = logits.gather(1, labels[:, None]).squeeze(1) - model.fc.bias[labels]
    torch.testing.assert_close(maps.mean(dim=(1, 2)) * 512, chosen)


@pytest.mark.parametrize(("name", "weights"), [("resnet18", "IMAGENET1K_V1"), ("resnet50", "IMAGENET1K_V2")])
def test_weights_that_are_not_there_are_asked_for(
    name: str, weights: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "cache"))
    with pytest.raises(MissingDataError, match=rf"{name}-\w+\.pth: no such file\. Download https://"):
        build_network(name, 2, weights=weights, image_size=224, weights_dir=tmp_path)
