"""The tiny network of the mini set, for images of any size."""

from __future__ import annotations

from collections.abc import Iterator

from torch import Tensor, nn

from ..common import tiny_trunk


class TinyCNN(nn.Module):
    """Four convolutions, global pooling, one linear layer. inputs (B, 3, H, W), H and W ≥ 16, to logits (B, K).

    The average over the image and the maximum are added: with the average alone, which a bird's fine parts hardly move,
    some initial weights never get further than the background.
    The trunk is `tiny_trunk`: no batch statistics. 5 million multiplications on a 64 x 64 image.
    zero_head: the linear layer begins with zeros, so that on a pretrained trunk what a run learns depends less on its
    first weights.
    """

    def __init__(
        self, num_classes: int, *, weights: str | None = None, width: int = 16, zero_head: bool = False
    ) -> None:
        super().__init__()
        self.features, channels = tiny_trunk(width, weights)
        self.head = nn.Linear(channels, num_classes)
        if zero_head:
            nn.init.zeros_(self.head.weight)
            nn.init.zeros_(self.head.bias)

    def forward(self, inputs: Tensor) -> Tensor:
        features = self.features(inputs)
        return self.head(features.mean(dim=(2, 3)) + features.amax(dim=(2, 3)))

    def new_parameters(self) -> Iterator[nn.Parameter]:
        return self.head.parameters()
