"""Right for the right reasons, against autograd sample by sample."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from provbench.registry import Batch, Source
from provbench.registry.regularizers.rrr import RightForTheRightReasons, reasons_loss

Nets = Callable[..., nn.Module]


def reasons(net: nn.Module, inputs: Tensor) -> Tensor:
    """The gradient of each sample's summed log-probabilities."""

    gradients = []
    for sample in inputs.detach():
        alone = sample[None].requires_grad_()
        gradients.append(torch.autograd.grad(functional.log_softmax(net(alone), dim=1).sum(), alone)[0])
    return torch.cat(gradients)


def test_a_linear_model_by_hand() -> None:
    # ∂(Σ_c log p_c)/∂x = Σ_c (1 - K p_c) W[c]; with logits 0 and ln 3 the probabilities are 1/4 and 3/4
    weight = torch.tensor([[0.0, 0.0], [1.0, 5.0]], requires_grad=True)
    inputs = torch.tensor([[[math.log(3), 0.0]]], requires_grad=True)
    gradient = (1 - 2 * 3 / 4) * torch.tensor([1.0, 5.0])
    source = Source(torch.tensor([0]), torch.ones(1), torch.tensor([[[1.0, 0.0]]]), torch.tensor([True]))
    loss = reasons_loss(inputs.flatten(1) @ weight.T, inputs, [source])
    assert loss.item() == pytest.approx(gradient[1].item() ** 2, rel=1e-5)


@pytest.mark.parametrize("shape", [(3, 2, 4, 5), (3, 2, 9)], ids=["images", "points"])
def test_each_source_counts_by_its_weight_outside_its_mask(shape: tuple[int, ...], make_net: Nets) -> None:
    net, inputs = make_net(shape[1:], classes=5), torch.randn(shape, requires_grad=True)
    share, mask = torch.tensor([0.3, 1.0, 0.6]), torch.rand(2, 3, 1, *shape[2:])
    labels = torch.randint(5, (2, 3))
    sources = [
        Source(labels[0], share, mask[0], torch.tensor([True, False, True])),
        Source(labels[1], 1 - share, mask[1], torch.tensor([True, False, False])),
    ]
    loss = reasons_loss(net(inputs), inputs, sources)
    energy, expected = reasons(net, inputs), torch.zeros(())
    for source in sources:
        for i in range(3):
            if source.guided[i]:
                expected = expected + source.weight[i] * ((1 - source.mask[i]) * energy[i]).square().sum()
    torch.testing.assert_close(loss, expected / 2)
    weights = [parameter for name, parameter in net.named_parameters() if "weight" in name]
    assert all(gradient.abs().sum() > 0 for gradient in torch.autograd.grad(loss, weights))


def test_the_penalty_is_for_guided_batches_only(make_net: Nets, make_batch: Callable[..., Batch]) -> None:
    net, regularizer = make_net((3, 4, 4)), RightForTheRightReasons(strength=10.0)
    untouched = make_batch((2, 3, 4, 4))
    assert not regularizer.active(untouched)
    assert regularizer.penalty(net(untouched.inputs), untouched, torch.Generator()).item() == 0

    batch = make_batch((2, 3, 4, 4), masks=torch.zeros(2, 1, 4, 4))
    batch.inputs.requires_grad_()
    assert regularizer.active(batch)
    penalty = regularizer.penalty(net(batch.inputs), batch, torch.Generator())
    torch.testing.assert_close(penalty, 10 * reasons(net, batch.inputs).square().sum() / 2)


def test_an_all_covering_mask_costs_nothing(make_net: Nets, make_batch: Callable[..., Batch]) -> None:
    batch = make_batch((2, 3, 4, 4), masks=torch.ones(2, 1, 4, 4))
    inputs = batch.inputs.requires_grad_()
    assert reasons_loss(make_net((3, 4, 4))(inputs), inputs, batch.sources).item() == 0


def test_labels_do_not_matter(make_net: Nets, make_batch: Callable[..., Batch]) -> None:
    batch = make_batch((2, 3, 4, 4), masks=torch.rand(2, 1, 4, 4))
    inputs = batch.inputs.requires_grad_()
    logits, (source,) = make_net((3, 4, 4))(inputs), batch.sources
    other = replace(source, labels=source.labels + 1)
    assert torch.equal(reasons_loss(logits, inputs, [source]), reasons_loss(logits, inputs, [other]))
