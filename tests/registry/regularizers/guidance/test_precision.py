"""Under bfloat16 autocast a penalty's parameter gradient is about as exact as the classification loss's own."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from provbench.registry import REGULARIZERS, Batch, Source, Step, classification_loss, double_differentiable

CLASSES = 5


def conv_net(norm: Callable[[int], nn.Module]) -> nn.Module:
    def block(inputs: int, outputs: int) -> list[nn.Module]:
        return [nn.Conv2d(inputs, outputs, 3, 2, 1), norm(outputs), nn.ReLU()]

    layers = [*block(3, 16), *block(16, 32), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(32, CLASSES)]
    return nn.Sequential(*layers)


class Layer(nn.Module):
    """A transformer's layer of one attention, by torch's fused function, and one MLP."""

    def __init__(self, width: int = 32, heads: int = 4) -> None:
        super().__init__()
        self.heads = heads
        self.first, self.second = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.project = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.mlp = nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width))

    def forward(self, tokens: Tensor) -> Tensor:
        parts = self.qkv(self.first(tokens)).unflatten(2, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        mixed = functional.scaled_dot_product_attention(parts[0], parts[1], parts[2])
        tokens = tokens + self.project(mixed.transpose(1, 2).flatten(2))
        return tokens + self.mlp(self.second(tokens))


class Tokens(nn.Module):
    """Maps patches of 4 x 4 pixels to tokens with positions."""

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, width, 4, 4)
        self.positions = nn.Parameter(0.1 * torch.randn(16, width))

    def forward(self, inputs: Tensor) -> Tensor:
        return self.patches(inputs).flatten(2).transpose(1, 2) + self.positions


def vision_transformer() -> nn.Module:
    pool = nn.Sequential(nn.LayerNorm(32), nn.Flatten(), nn.Linear(16 * 32, CLASSES))
    return nn.Sequential(Tokens(), Layer(), Layer(), pool)


NETS: dict[str, Callable[[], nn.Module]] = {
    "convolutions with batch norm": lambda: conv_net(nn.BatchNorm2d),
    "convolutions with group norm": lambda: conv_net(lambda channels: nn.GroupNorm(4, channels)),
    "vision transformer": vision_transformer,
}
PENALTIES = {
    "gradient-guidance": {},
    "gradient-guidance, margin": {"scalar": "margin", "blocks": "50%"},
    "gradient-guidance, rademacher": {"estimator": "rademacher"},
    "rrr": {},
    "double-backprop": {},
    "jacobian": {},
}


def batch_of(size: int = 16) -> Batch:
    """Smooth images, each of two halves that are different classes' targets."""
    inputs = functional.interpolate(torch.randn(size, 3, 4, 4), 16, mode="bilinear")
    labels, half = torch.arange(size) % CLASSES, torch.full((size,), 0.5)
    left = torch.zeros(size, 1, 16, 16)
    left[..., :8] = 1
    guided = torch.ones(size, dtype=torch.bool)
    sources = (Source(labels, half, left, guided), Source((labels + 1) % CLASSES, half, 1 - left, guided))
    return Batch(inputs, sources)


def fit(net: nn.Module, batch: Batch, steps: int = 10) -> None:
    """Trains a little, so that gradients are not those of random weights, but are not yet differences near zero."""
    optimizer = torch.optim.AdamW(net.parameters(), lr=3e-3)
    for _ in range(steps):
        optimizer.zero_grad()
        classification_loss(net(batch.inputs), batch.sources).backward()
        optimizer.step()


def gradients(net: nn.Module, batch: Batch, name: str, autocast: bool) -> tuple[Tensor, Tensor]:
    """The parameter gradients of the classification loss and of a penalty, from one forward pass."""
    batch = batch.with_inputs(batch.inputs.detach().requires_grad_())
    regularizer = REGULARIZERS.build(name.partition(",")[0], **PENALTIES[name])
    with torch.autocast("cpu", torch.bfloat16) if autocast else nullcontext(), double_differentiable(autocast=True):
        logits = net(batch.inputs)
        loss = classification_loss(logits.float(), batch.sources)
        step = Step(logits, batch, torch.Generator().manual_seed(0), 0, net)
        penalty = regularizer.term(step)
    assert logits.dtype == (torch.bfloat16 if autocast else torch.float32)
    return flat(loss, net), flat(penalty, net)


def flat(value: Tensor, net: nn.Module) -> Tensor:
    found = torch.autograd.grad(value, list(net.parameters()), retain_graph=True, materialize_grads=True)
    return torch.cat([one.flatten() for one in found])


def error(one: Tensor, other: Tensor) -> float:
    """1 - cosine."""
    return 1 - float(functional.cosine_similarity(one.double(), other.double(), dim=0))


@pytest.mark.parametrize("name", list(PENALTIES))
@pytest.mark.parametrize("build", NETS.values(), ids=NETS)
def test_bfloat16_gives_the_penaltys_gradient_that_fp32_gives(build: Callable[[], nn.Module], name: str) -> None:
    torch.manual_seed(0)
    net, batch = build(), batch_of()
    fit(net, batch)
    exact, rough = (gradients(net, batch, name, autocast) for autocast in (False, True))
    own, of_penalty = (error(one, other) for one, other in zip(exact, rough, strict=True))
    assert of_penalty < 1e-3
    assert of_penalty < 10 * own
    assert float(rough[1].norm() / exact[1].norm()) == pytest.approx(1, abs=0.02)
