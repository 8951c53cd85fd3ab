"""The networks of the task: a classifier by global average pooling, whose class activation maps localise."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path

from torch import Tensor, nn
from torchvision.models import resnet50
from torchvision.models.vgg import cfgs, make_layers

from ..common import tiny_trunk, torchvision_weights


class CAMNetwork(nn.Module, ABC):
    """Features, global average pooling, one linear layer. inputs (B, 3, H, W) to logits (B, K).

    Each is a `ScoreMapNetwork`, a `FeatureNetwork` and `PartlyNew`. Those with pretrained weights raise
    `MissingDataError` where the weights' file is not in `weights_dir`, and `UnknownNameError` for weights that
    torchvision does not have.

    Source: Zhou et al., "Learning Deep Features for Discriminative Localization" (CVPR 2016); the maps as in the
    reference implementation of the WSOL evaluation.
    """

    fc: nn.Linear

    @abstractmethod
    def feature_maps(self, inputs: Tensor) -> Tensor:
        """inputs (B, 3, H, W) to (B, C, h, w)."""

    @abstractmethod
    def new_parameters(self) -> Iterator[nn.Parameter]:
        """The parameters of the layers that have no pretrained weights, or learn as if they had none."""

    def forward(self, inputs: Tensor) -> Tensor:
        return self._logits(self.feature_maps(inputs))

    def scoremaps(self, inputs: Tensor, labels: Tensor) -> Tensor:
        """(B, h, w): the class activation maps of labels (B,)."""
        return self._scoremaps(self.feature_maps(inputs), labels)

    def logits_and_scoremaps(self, inputs: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Both, from one pass."""
        features = self.feature_maps(inputs)
        return self._logits(features), self._scoremaps(features, labels)

    def _logits(self, features: Tensor) -> Tensor:
        return self.fc(features.mean(dim=(2, 3)))

    def _scoremaps(self, features: Tensor, labels: Tensor) -> Tensor:
        """The mean over channels of class weight x feature; its mean over the map, times C, is the logit less bias."""
        return (self.fc.weight[labels][:, :, None, None] * features).mean(dim=1)


class VGG16CAM(CAMNetwork):
    """VGG-16 up to its last convolution, one more of 1024 channels, no batch normalisation; maps of 1/16 the input."""

    def __init__(self, num_classes: int, *, weights: str | None = None, weights_dir: Path = Path()) -> None:
        super().__init__()
        self.features = make_layers(cfgs["D"][:-1])
        self.conv6 = nn.Conv2d(512, 1024, 3, padding=1)
        self.fc = nn.Linear(1024, num_classes)
        _initialize(*self.modules())
        if weights is not None:
            state = torchvision_weights("vgg16", weights, weights_dir)
            prefix = "features."
            self.features.load_state_dict(
                {name.removeprefix(prefix): value for name, value in state.items() if name.startswith(prefix)}
            )

    def feature_maps(self, inputs: Tensor) -> Tensor:
        return nn.functional.relu(self.conv6(self.features(inputs)))

    def new_parameters(self) -> Iterator[nn.Parameter]:
        yield from self.conv6.parameters()
        yield from self.fc.parameters()


class ResNet50CAM(CAMNetwork):
    """ResNet-50 without the stride of its last stage, and of the last but one: maps of 1/8 the input.

    large_feature_map: False keeps the stride of the last stage but one, for maps of 1/16. As in the reference, the last
    stage learns as fast as the new layer. In training mode its batch normalisation makes the samples of a batch
    interact a little, so that input gradients are a sample's own only up to that.
    """

    def __init__(
        self,
        num_classes: int,
        *,
        weights: str | None = None,
        weights_dir: Path = Path(),
        large_feature_map: bool = True,
    ) -> None:
        super().__init__()
        trunk = resnet50(weights=None)
        if weights is not None:
            trunk.load_state_dict(torchvision_weights("resnet50", weights, weights_dir))
        _remove_stride(trunk.layer4)
        if large_feature_map:
            _remove_stride(trunk.layer3)
        self.stem = nn.Sequential(trunk.conv1, trunk.bn1, trunk.relu, trunk.maxpool)
        self.layer1, self.layer2, self.layer3, self.layer4 = trunk.layer1, trunk.layer2, trunk.layer3, trunk.layer4
        self.fc = nn.Linear(trunk.fc.in_features, num_classes)
        _initialize(self.fc)

    def feature_maps(self, inputs: Tensor) -> Tensor:
        return self.layer4(self.layer3(self.layer2(self.layer1(self.stem(inputs)))))

    def new_parameters(self) -> Iterator[nn.Parameter]:
        yield from self.layer4.parameters()
        yield from self.fc.parameters()


class TinyCAM(CAMNetwork):
    """Four convolutions for images of some 64 pixels; maps of 1/8 the input.

    The trunk is `tiny_trunk`: no batch statistics.
    """

    def __init__(self, num_classes: int, *, weights: str | None = None, width: int = 16) -> None:
        super().__init__()
        self.features, channels = tiny_trunk(width, weights)
        self.fc = nn.Linear(channels, num_classes)

    def feature_maps(self, inputs: Tensor) -> Tensor:
        return self.features(inputs)

    def new_parameters(self) -> Iterator[nn.Parameter]:
        return self.fc.parameters()


def _remove_stride(stage: nn.Sequential) -> None:
    for layer in stage.modules():
        if isinstance(layer, nn.Conv2d):
            layer.stride = (1, 1)


def _initialize(*layers: nn.Module) -> None:
    """Layers as the reference has them: convolutions by He's rule over the outputs, linear ones N(0, 0.01²)."""
    for layer in layers:
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
        elif isinstance(layer, nn.Linear):
            nn.init.normal_(layer.weight, 0, 0.01)
        if isinstance(layer, nn.Conv2d | nn.Linear) and layer.bias is not None:
            nn.init.zeros_(layer.bias)
