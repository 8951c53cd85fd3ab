"""Shifted steps: the exact penalty's gradient on smooth networks, in FP64; networks with kinks are refused."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from provbench.registry import REGULARIZERS, Batch, Source, Step, UserError, classification_loss
from provbench.registry.regularizers.shifted_step import kinks, shift_of


def net(activation: nn.Module) -> nn.Module:
    layers = [nn.Conv2d(3, 6, 3), nn.BatchNorm2d(6), activation, nn.Conv2d(6, 8, 2), activation]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 4)).double()


def batch(size: int = 6) -> Batch:
    inputs, labels = torch.randn(size, 3, 12, 12, dtype=torch.float64), torch.arange(size) % 4
    mask, share = torch.rand(size, 1, 12, 12, dtype=torch.float64), torch.rand(size, dtype=torch.float64)
    guided = torch.arange(size) % 3 > 0
    return Batch(
        inputs,
        (Source(labels, share, mask, guided), Source((labels + 1) % 4, 1 - share, 1 - mask, guided)),
    )


def term_and_gradient(model: nn.Module, name: str, data: Batch, **params: Any) -> tuple[Tensor, Tensor]:
    """The penalty, and the parameter gradient of loss and penalty together, as a training step has them."""
    regularizer = REGULARIZERS.build(name, **params)
    data = data.with_inputs(data.inputs.detach().requires_grad_())
    step = Step(model(data.inputs), data, torch.Generator(), 0, model)
    loss, term = classification_loss(step.logits, data.sources), regularizer.term(step)
    total = term if regularizer.replaces_loss else loss + term
    gradients = torch.autograd.grad(total, list(model.parameters()))
    return term.detach(), torch.cat([one.flatten() for one in gradients])


def of_loss(model: nn.Module, data: Batch) -> Tensor:
    gradients = torch.autograd.grad(classification_loss(model(data.inputs), data.sources), list(model.parameters()))
    return torch.cat([one.flatten() for one in gradients])


OPTIONS: dict[str, dict[str, Any]] = {"rrr": {"step_size": 1e-5}, "double-backprop": {}}


@pytest.mark.parametrize("name", list(OPTIONS))
@pytest.mark.parametrize("activation", [nn.GELU(), nn.SiLU(), nn.Tanh()], ids=["gelu", "silu", "tanh"])
def test_on_smooth_networks_it_is_the_exact_penaltys_gradient(name: str, activation: nn.Module) -> None:
    torch.manual_seed(0)
    model, data = net(activation), batch()
    own = of_loss(model, data)
    value, exact = term_and_gradient(model, name, data, strength=1e-5)
    shifted_value, shifted = term_and_gradient(
        model, name, data, strength=1e-5, estimator="shifted-step", **OPTIONS[name]
    )
    torch.testing.assert_close(shifted_value, value)
    penalty, true = shifted - own, exact - own
    assert float(penalty @ true / (penalty.norm() * true.norm())) > 1 - 1e-6
    torch.testing.assert_close(penalty.norm(), true.norm(), rtol=1e-3, atol=0)


@pytest.mark.parametrize("name", list(OPTIONS))
@pytest.mark.parametrize(
    ("kinked", "word"), [(nn.ReLU(), "ReLU"), (nn.LeakyReLU(), "leaky ReLU"), (nn.MaxPool2d(2), "max pooling")]
)
def test_networks_with_kinks_are_refused_by_name(name: str, kinked: nn.Module, word: str) -> None:
    model = net(kinked)
    with pytest.raises(UserError, match=rf"{name}: estimator shifted-step needs .* smooth.* {word}.*estimator: exact"):
        term_and_gradient(model, name, batch(), estimator="shifted-step")


def test_functions_have_kinks_too_and_smooth_networks_none() -> None:
    inputs = torch.randn(2, 3, requires_grad=True)
    assert kinks(functional.relu6(inputs).abs().amax(dim=1)) == ["ReLU6 or hard tanh", "absolute values", "maxima"]
    assert kinks(functional.softplus(functional.normalize(inputs)).softmax(dim=1).sum()) == []


def test_other_losses_are_refused() -> None:
    model, data = net(nn.GELU()), batch()
    data = data.with_inputs(data.inputs.requires_grad_())
    regularizer = REGULARIZERS.build("double-backprop", estimator="shifted-step")
    step = Step(model(data.inputs), data, torch.Generator(), 0, model, plain_loss=False)
    with pytest.raises(UserError, match="no class weights, label smoothing or real_weight: take estimator: exact"):
        regularizer.term(step)


def test_shifts_have_the_wanted_length_and_nowhere_is_a_place() -> None:
    inputs, direction = torch.randn(3, 2, 4), torch.randn(3, 2, 4)
    shifted, epsilon = shift_of(inputs, direction, 0.1)
    torch.testing.assert_close((shifted - inputs).norm(), 0.1 * inputs.norm())
    torch.testing.assert_close(shifted - inputs, epsilon * direction)
    shifted, epsilon = shift_of(inputs, torch.zeros_like(direction), 0.1)
    assert torch.equal(shifted, inputs)
    assert epsilon == 0


@pytest.mark.parametrize("name", list(OPTIONS))
def test_it_asks_for_first_derivatives_in_fp32_and_is_no_part_of_the_identity_at_its_default(name: str) -> None:
    exact, shifted = REGULARIZERS.build(name), REGULARIZERS.build(name, estimator="shifted-step")
    asked = [(one.second_order, one.first_order, one.reruns_model, one.full_precision) for one in (exact, shifted)]
    assert asked == [(True, False, False, False), (False, True, True, True)]
    assert (exact.replaces_loss, shifted.replaces_loss) == (False, name == "double-backprop")
