"""torchvision's residual networks with a new last layer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import ClassVar

from torch import Tensor, nn
from torchvision.models.resnet import BasicBlock, Bottleneck, ResNet

from ..common import torchvision_weights


class ResNetClassifier(ResNet):
    """A residual network of torchvision's with a new last layer. inputs (B, 3, H, W) to logits (B, K).

    In training mode its batch normalisation makes the samples of a batch interact a little, so that input gradients are
    a sample's own only up to that. Raises `MissingDataError` where the file of the weights is not there, and
    `UnknownNameError` for weights that do not exist.
    """

    architecture: ClassVar[str]
    """The name under which torchvision has the network and its weights."""
    block: ClassVar[type[BasicBlock] | type[Bottleneck]]
    depths: ClassVar[Sequence[int]]

    def __init__(self, num_classes: int, *, weights: str | None = None, weights_dir: Path = Path()) -> None:
        super().__init__(self.block, list(self.depths))
        if weights is not None:
            self.load_state_dict(torchvision_weights(self.architecture, weights, weights_dir))
        self.fc = nn.Linear(self.fc.in_features, num_classes)

    def forward(self, inputs: Tensor) -> Tensor:  # pyright: ignore[reportIncompatibleMethodOverride]
        return self.fc(self.avgpool(self.feature_maps(inputs)).flatten(1))

    def feature_maps(self, inputs: Tensor) -> Tensor:
        """Maps inputs (B, 3, H, W) to the last features before pooling, (B, D, H/32, W/32)."""
        stem = self.maxpool(self.relu(self.bn1(self.conv1(inputs))))
        return self.layer4(self.layer3(self.layer2(self.layer1(stem))))

    def logits_and_scoremaps(self, inputs: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Returns logits (B, K) and the class activation maps of labels (B,), (B, H/32, W/32), from one pass."""
        features = self.feature_maps(inputs)
        maps = (self.fc.weight[labels][:, :, None, None] * features).mean(dim=1)
        return self.fc(self.avgpool(features).flatten(1)), maps

    def new_parameters(self) -> Iterator[nn.Parameter]:
        return self.fc.parameters()


class ResNet18(ResNetClassifier):
    """torchvision's ResNet-18 with a new last layer."""

    architecture = "resnet18"
    block = BasicBlock
    depths = (2, 2, 2, 2)


class ResNet50(ResNetClassifier):
    """torchvision's ResNet-50 with a new last layer."""

    architecture = "resnet50"
    block = Bottleneck
    depths = (3, 4, 6, 3)
