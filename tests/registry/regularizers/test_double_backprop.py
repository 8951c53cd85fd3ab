"""Double backpropagation, against autograd sample by sample."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.autograd import gradcheck
from torch.func import functional_call
from torch.nn import functional

from provbench.registry import Batch, Source
from provbench.registry.regularizers.double_backprop import DoubleBackprop, gradient_energy

Nets = Callable[..., nn.Module]


def mixed_sources(count: int, classes: int, spatial: tuple[int, ...]) -> tuple[Source, Source]:
    share, mask, unguided = torch.rand(count), torch.rand(count, 1, *spatial), torch.zeros(count, dtype=torch.bool)
    labels = torch.randint(classes, (2, count))
    return Source(labels[0], share, mask, unguided), Source(labels[1], 1 - share, 1 - mask, unguided)


def test_a_linear_model_by_hand() -> None:
    weight = torch.tensor([[1.0, 2.0], [3.0, -1.0]], requires_grad=True)
    inputs = torch.zeros(1, 1, 2, requires_grad=True)  # both probabilities are 1/2, the gradient ± (W[1] - W[0]) / 2
    source = Source.whole(torch.tensor([0]), inputs)
    assert float(gradient_energy(inputs.flatten(1) @ weight.T, inputs, [source]).detach()) == 1**2 + 1.5**2


@pytest.mark.parametrize("shape", [(4, 2, 4, 5), (4, 2, 9)], ids=["images", "points"])
def test_it_is_the_mean_energy_of_each_samples_own_gradient(shape: tuple[int, ...], make_net: Nets) -> None:
    net, inputs = make_net(shape[1:], classes=5), torch.randn(shape, requires_grad=True)
    sources = mixed_sources(4, 5, shape[2:])
    soft = sum((source.weight[:, None] * functional.one_hot(source.labels, 5) for source in sources), torch.zeros(4, 5))

    expected = torch.zeros(())
    for sample, target in zip(inputs.detach(), soft, strict=True):
        alone = sample[None].requires_grad_()
        (gradient,) = torch.autograd.grad(functional.cross_entropy(net(alone), target[None]), alone)
        expected = expected + gradient.square().sum() / 4
    torch.testing.assert_close(gradient_energy(net(inputs), inputs, sources), expected)


def test_the_parameters_gradient_is_the_numerical_one(make_net: Nets) -> None:
    net = make_net((2, 3), classes=3, hidden=3).double()
    names, values = zip(*net.named_parameters(), strict=True)
    inputs, sources = torch.randn(2, 2, 3, dtype=torch.float64, requires_grad=True), mixed_sources(2, 3, (3,))

    def energy(*parameters: Tensor) -> Tensor:
        return gradient_energy(
            functional_call(net, dict(zip(names, parameters, strict=True)), (inputs,)), inputs, sources
        )

    assert gradcheck(energy, values)


def test_every_batch_counts_guided_or_not(make_net: Nets, make_batch: Callable[..., Batch]) -> None:
    batch, net, regularizer = make_batch((2, 3, 4, 4)), make_net((3, 4, 4)), DoubleBackprop(strength=0.5)
    assert regularizer.active(batch)
    inputs = batch.inputs.requires_grad_()
    logits = net(inputs)
    expected = 0.5 * gradient_energy(logits, inputs, batch.sources)
    torch.testing.assert_close(regularizer.penalty(logits, batch, torch.Generator()), expected)
