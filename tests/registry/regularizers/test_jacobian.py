"""Jacobian regularization, against the exact Jacobian."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.autograd.functional import jacobian

from provbench.registry import Batch
from provbench.registry.regularizers.jacobian import Jacobian, jacobian_energy

Nets = Callable[..., nn.Module]


def exact(net: nn.Module, inputs: Tensor) -> Tensor:
    """½‖J‖_F², averaged over the batch."""
    matrices = [jacobian(lambda one: net(one)[0], sample[None]) for sample in inputs.detach()]
    return torch.stack([torch.as_tensor(matrix).square().sum() for matrix in matrices]).mean() / 2


@pytest.mark.parametrize("shape", [(3, 2, 4, 4), (3, 2, 9)], ids=["images", "points"])
def test_the_estimate_is_unbiased(shape: tuple[int, ...], make_net: Nets) -> None:
    net, inputs = make_net(shape[1:], classes=5), torch.randn(shape, requires_grad=True)
    logits, generator = net(inputs), torch.Generator().manual_seed(0)
    draws = torch.stack([jacobian_energy(logits, inputs, 1, generator).detach() for _ in range(600)]).double()
    error = draws.std() / len(draws) ** 0.5
    assert float(error / draws.mean()) < 0.03  # else the next line would say nothing
    assert abs(float(draws.mean() - exact(net, inputs)) / float(error)) < 4


def test_more_projections_are_their_mean_and_scatter_less(make_net: Nets) -> None:
    net, inputs = make_net((2, 4, 4), classes=5), torch.randn(3, 2, 4, 4, requires_grad=True)
    logits = net(inputs)
    generator = torch.Generator().manual_seed(0)
    four = jacobian_energy(logits, inputs, 4, generator)
    generator.manual_seed(0)
    ones = torch.stack([jacobian_energy(logits, inputs, 1, generator) for _ in range(4)])
    torch.testing.assert_close(four, ones.mean())


def test_one_projection_is_exact_where_every_direction_is_alike() -> None:
    rows, _ = torch.linalg.qr(torch.randn(6, 4))
    weight = (3 * rows.T).requires_grad_()  # 4 orthogonal logits, each with a gradient of length 3
    inputs = torch.randn(2, 1, 6, requires_grad=True)
    energy = jacobian_energy(inputs.flatten(1) @ weight.T, inputs, 1, torch.Generator().manual_seed(5))
    assert float(energy.detach()) == pytest.approx(4 * 9 / 2, rel=1e-5)


def test_the_penalty_is_seeded_by_the_generator_and_scaled(make_net: Nets, make_batch: Callable[..., Batch]) -> None:
    batch, net = make_batch((2, 3, 4, 4)), make_net((3, 4, 4))
    inputs = batch.inputs.requires_grad_()
    logits, regularizer = net(inputs), Jacobian(strength=0.2, projections=3)
    assert regularizer.active(batch)

    def penalty(seed: int) -> Tensor:
        return regularizer.penalty(logits, batch, torch.Generator().manual_seed(seed))

    torch.manual_seed(1)
    one = penalty(0)
    torch.manual_seed(2)
    assert torch.equal(one, penalty(0))
    assert not torch.equal(one, penalty(1))
    expected = 0.2 * jacobian_energy(logits, inputs, 3, torch.Generator().manual_seed(0))
    torch.testing.assert_close(one, expected)


def test_steps_down_its_gradient_lower_the_exact_norm(make_net: Nets) -> None:
    net, inputs = make_net((3, 4, 4)), torch.randn(4, 3, 4, 4, requires_grad=True)
    generator, before = torch.Generator().manual_seed(0), exact(net, inputs)
    parameters = list(net.parameters())
    for _ in range(20):
        energy = jacobian_energy(net(inputs), inputs, 1, generator)
        gradients = torch.autograd.grad(energy, parameters, allow_unused=True)
        with torch.no_grad():
            for parameter, gradient in zip(parameters, gradients, strict=True):
                parameter -= 0.1 * (gradient if gradient is not None else 0)
    assert exact(net, inputs).item() < 0.7 * before.item()
