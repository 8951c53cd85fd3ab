"""Guidance differentiates every network twice: its parameter gradient is the numerical one, attention included."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from provbench.registry import REGULARIZERS, Batch, Regularizer, Source, Step, build_network, double_differentiable

NETWORKS = ("tiny-deit", "tiny-mae", "tiny-clip", "tiny-sat", pytest.param("resnet18", marks=pytest.mark.slow))


def network(name: str) -> nn.Module:
    torch.manual_seed(0)
    built = build_network(name, 3, weights=None, image_size=32, class_names=["one", "two", "three"]).double().eval()
    for parameter in built.parameters():  # adapters begin at zero, and so would their gradients
        if parameter.requires_grad and not parameter.any():
            nn.init.normal_(parameter, std=0.05)
    return built


def penalty(model: nn.Module, batch: Batch, guidance: Regularizer) -> Tensor:
    inputs = batch.inputs.detach().requires_grad_()
    with double_differentiable():
        logits = model(inputs)
        step = Step(logits, batch.with_inputs(inputs), torch.Generator(), 0, model)
        return guidance.term(step)


@pytest.mark.parametrize("name", NETWORKS)
def test_the_penalty_s_gradient_is_the_numerical_one(name: str) -> None:
    model = network(name)
    inputs = torch.randn(2, 3, 32, 32, dtype=torch.float64)
    mask = (torch.arange(32) < 16).double().expand(2, 1, 32, 32)
    source = Source(torch.tensor([0, 2]), torch.ones(2), mask, torch.tensor([True, True]))
    batch, guidance = Batch(inputs, (source,)), REGULARIZERS.build("gradient-guidance", alpha=1.0)

    learning = [parameter for parameter in model.parameters() if parameter.requires_grad]
    loss = penalty(model, batch, guidance)
    gradients = torch.autograd.grad(loss, learning, allow_unused=True)
    directions = [torch.randn_like(parameter) for parameter in learning]
    exact = sum((grad * way).sum() for grad, way in zip(gradients, directions, strict=True) if grad is not None)

    def moved(size: float) -> Tensor:
        with torch.no_grad():
            for parameter, way in zip(learning, directions, strict=True):
                parameter.add_(size * way)
        value = penalty(model, batch, guidance).detach()
        with torch.no_grad():
            for parameter, way in zip(learning, directions, strict=True):
                parameter.sub_(size * way)
        return value

    size = 1e-6
    numerical = (moved(size) - moved(-size)) / (2 * size)
    assert loss.item() > 0
    torch.testing.assert_close(exact, numerical, rtol=1e-4, atol=1e-12)
