"""EfficientNet-Lite0, a small network whose ImageNet weights come inside a Python package."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from ..common import packaged_weights

STAGES = ((1, 3, 1, 16), (6, 3, 2, 24), (6, 5, 2, 40), (6, 3, 2, 80), (6, 5, 1, 112), (6, 5, 2, 192), (6, 3, 1, 320))
"""Expansion, kernel, stride of the first block, and channels of each stage."""
DEPTHS = (1, 2, 2, 3, 3, 4, 1)
STEM, HEAD = 32, 1280


class EfficientNetLite0(nn.Module):
    """Inverted bottlenecks without squeeze-and-excitation. inputs (B, 3, H, W) to logits (B, K).

    Its own pixels are (value - 127) / 128 for values in 0..255; inputs are brought there from the task's normalization.
    Convolutions are padded as TensorFlow does, where the weights come from: with a stride, more at the end. In training
    mode its batch normalisation makes the samples of a batch interact a little. Dropout before the last layer is left
    out.

    Source: Liu, "Higher accuracy on vision models with EfficientNet-Lite" (TensorFlow blog, 2020); Tan and Le,
    "EfficientNet" (ICML 2019).
    """

    scale: Tensor
    shift: Tensor

    def __init__(
        self,
        num_classes: int,
        *,
        weights: str | None = None,
        weights_dir: Path = Path(),
        normalization: tuple[Sequence[float], Sequence[float]] = ((0.5,) * 3, (0.5,) * 3),
    ) -> None:
        super().__init__()
        self.stem = nn.Sequential(PaddedConv(3, STEM, 3, 2), _norm(STEM), nn.ReLU6())
        blocks, before = [], STEM
        for (expansion, kernel, stride, channels), depth in zip(STAGES, DEPTHS, strict=True):
            for place in range(depth):
                blocks.append(Bottleneck(before, channels, expansion, kernel, stride if place == 0 else 1))
                before = channels
        self.blocks = nn.Sequential(*blocks)
        self.head = nn.Sequential(nn.Conv2d(before, HEAD, 1, bias=False), _norm(HEAD), nn.ReLU6())
        self.fc = nn.Linear(HEAD, 1000)
        if weights is not None:
            self._load(packaged_weights("efficientnet-lite0", weights, weights_dir))
        self.fc = nn.Linear(HEAD, num_classes)
        mean, std = (torch.tensor(values).view(1, -1, 1, 1) * 255 for values in normalization)
        self.register_buffer("scale", std / 128, persistent=False)
        self.register_buffer("shift", (mean - 127) / 128, persistent=False)

    def forward(self, inputs: Tensor) -> Tensor:
        return self.fc(self.feature_maps(inputs).mean(dim=(2, 3)))

    def feature_maps(self, inputs: Tensor) -> Tensor:
        """Maps inputs (B, 3, H, W) to the last features before pooling, (B, D, H/32, W/32)."""
        return self.head(self.blocks(self.stem(inputs * self.scale + self.shift)))

    def logits_and_scoremaps(self, inputs: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Returns logits (B, K) and the class activation maps of labels (B,), (B, H/32, W/32), from one pass."""
        features = self.feature_maps(inputs)
        maps = (self.fc.weight[labels][:, :, None, None] * features).mean(dim=1)
        return self.fc(features.mean(dim=(2, 3))), maps

    def new_parameters(self) -> Iterator[nn.Parameter]:
        return self.fc.parameters()

    def _load(self, state: dict[str, Tensor]) -> None:
        """Loads a state dict whose names are others and whose order is this network's."""
        self.load_state_dict(dict(zip(self.state_dict(), state.values(), strict=True)))


class Bottleneck(nn.Module):
    """Widens, filters each channel, narrows; the input is added where the shape stays."""

    def __init__(self, before: int, after: int, expansion: int, kernel: int, stride: int) -> None:
        super().__init__()
        wide = before * expansion
        layers: list[nn.Module] = []
        if expansion > 1:
            layers += [nn.Conv2d(before, wide, 1, bias=False), _norm(wide), nn.ReLU6()]
        layers += [PaddedConv(wide, wide, kernel, stride, groups=wide), _norm(wide), nn.ReLU6()]
        self.layers = nn.Sequential(*layers, nn.Conv2d(wide, after, 1, bias=False), _norm(after))
        self.adds = stride == 1 and before == after

    def forward(self, inputs: Tensor) -> Tensor:
        return self.layers(inputs) + inputs if self.adds else self.layers(inputs)


class PaddedConv(nn.Conv2d):
    """A convolution whose output has the input's size divided by the stride, rounded up, as in TensorFlow."""

    def __init__(self, before: int, after: int, kernel: int, stride: int, groups: int = 1) -> None:
        super().__init__(before, after, kernel, stride, groups=groups, bias=False)

    def forward(self, input: Tensor) -> Tensor:
        kernel, stride = self.kernel_size[0], self.stride[0]
        height, width = (max((-(-side // stride) - 1) * stride + kernel - side, 0) for side in input.shape[-2:])
        padded = functional.pad(input, (width // 2, width - width // 2, height // 2, height - height // 2))
        return super().forward(padded)


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=1e-3, momentum=0.01)
