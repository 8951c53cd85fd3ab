"""StripesNet: a small network."""

from collections.abc import Iterator

from torch import Tensor, nn


class StripesNet(nn.Module):
    """One convolution, global pooling and a linear layer. Maps inputs (B, 3, H, W) to logits (B, K)."""

    def __init__(self, num_classes: int, *, width: int = 8) -> None:
        super().__init__()
        self.trunk = nn.Sequential(nn.Conv2d(3, width, 5, 2), nn.ReLU(), nn.Conv2d(width, width, 3), nn.ReLU())
        self.head = nn.Linear(width, num_classes)

    def forward(self, inputs: Tensor) -> Tensor:
        return self.head(self.trunk(inputs).amax(dim=(2, 3)))

    def new_parameters(self) -> Iterator[nn.Parameter]:
        return self.head.parameters()
