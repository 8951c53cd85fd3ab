"""The networks of the task: ResNet-50 for the full data set, a tiny one for the mini set; for images of any size."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from torch import Tensor, nn
from torchvision.models.resnet import Bottleneck, ResNet

from ..common import tiny_trunk, torchvision_weights


class ResNet50(ResNet):
    """torchvision's ResNet-50 with a new last layer. inputs (B, 3, H, W) to logits (B, K).

    In training mode its batch normalisation makes the samples of a batch interact a little, so that input gradients are
    a sample's own only up to that. Raises `MissingDataError` where the file of the weights is not there, and
    `UnknownNameError` for weights that do not exist.
    """

    def __init__(self, num_classes: int, *, weights: str | None = None, weights_dir: Path = Path()) -> None:
        super().__init__(Bottleneck, [3, 4, 6, 3])
        if weights is not None:
            self.load_state_dict(torchvision_weights("resnet50", weights, weights_dir))
        self.fc = nn.Linear(self.fc.in_features, num_classes)

    def new_parameters(self) -> Iterator[nn.Parameter]:
        return self.fc.parameters()


class TinyCNN(nn.Module):
    """Four convolutions, global pooling, one linear layer. inputs (B, 3, H, W), H and W ≥ 16, to logits (B, K).

    The average over the image and the maximum are added: with the average alone, which a bird's fine parts hardly move,
    some initial weights never get further than the background.
    The trunk is `tiny_trunk`: no batch statistics. 5 million multiplications on a 64 x 64 image.
    """

    def __init__(self, num_classes: int, *, weights: str | None = None, width: int = 16) -> None:
        super().__init__()
        self.features, channels = tiny_trunk(width, weights)
        self.head = nn.Linear(channels, num_classes)

    def forward(self, inputs: Tensor) -> Tensor:
        features = self.features(inputs)
        return self.head(features.mean(dim=(2, 3)) + features.amax(dim=(2, 3)))

    def new_parameters(self) -> Iterator[nn.Parameter]:
        return self.head.parameters()
