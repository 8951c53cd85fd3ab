"""The contract itself: batches, the classification loss, and differentiating twice."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from hypothesis import given, settings, strategies as st
from torch import nn
from torch.nn import functional

from provbench.registry import Batch, Source, classification_loss
from provbench.registry.contracts import double_differentiable, in_fp32, input_gradient, require_gradient


def random_sources(batch: int, classes: int, count: int) -> tuple[Source, ...]:
    weights = torch.rand(count, batch).softmax(dim=0)
    mask, unguided = torch.ones(batch, 1, 2, 2), torch.zeros(batch, dtype=torch.bool)
    return tuple(Source(torch.randint(classes, (batch,)), weight, mask, unguided) for weight in weights)


def test_an_untouched_batch_says_that_everything_is_the_targets_and_guides_nothing() -> None:
    batch = Batch.untouched(torch.zeros(3, 2, 5), torch.tensor([0, 1, 2]), ["a", "b", "c"])
    (source,) = batch.sources
    assert len(batch) == 3
    assert batch.ids == ("a", "b", "c")
    assert source.mask.shape == (3, 1, 5)
    assert bool((source.mask == 1).all())
    assert source.weight.tolist() == [1, 1, 1]
    assert not batch.guided.any()


def test_a_sample_is_guided_if_one_of_its_sources_is() -> None:
    labels, ones, mask = torch.zeros(3, dtype=torch.long), torch.ones(3), torch.ones(3, 1, 2)
    first = Source(labels, ones, mask, torch.tensor([True, False, False]))
    second = Source(labels, ones, mask, torch.tensor([False, True, False]))
    assert Batch(torch.zeros(3, 1, 2), (first, second)).guided.tolist() == [True, True, False]


@settings(max_examples=25)
@given(batch=st.integers(1, 6), classes=st.integers(2, 7), count=st.integers(1, 3), seed=st.integers(0, 10**6))
def test_the_loss_is_torchs_cross_entropy_with_soft_labels(batch: int, classes: int, count: int, seed: int) -> None:
    torch.manual_seed(seed)
    sources = random_sources(batch, classes, count)
    logits = torch.randn(batch, classes)
    soft = sum(source.weight[:, None] * functional.one_hot(source.labels, classes) for source in sources)
    expected = functional.cross_entropy(logits, torch.as_tensor(soft))
    torch.testing.assert_close(classification_loss(logits, sources), expected)


@settings(max_examples=25)
@given(batch=st.integers(1, 6), classes=st.integers(2, 7), seed=st.integers(0, 10**6))
def test_class_weights_weigh_as_in_torchs_cross_entropy(batch: int, classes: int, seed: int) -> None:
    torch.manual_seed(seed)
    logits, labels, weight = torch.randn(batch, classes), torch.randint(classes, (batch,)), torch.rand(classes) + 0.1
    loss = classification_loss(logits, (Source.whole(labels, torch.zeros(batch, 1, 2)),), weight)
    torch.testing.assert_close(loss, functional.cross_entropy(logits, labels, weight=weight))


def test_class_weights_of_mixed_labels_by_hand() -> None:
    logits = torch.tensor([[0.0, torch.tensor(3.0).log()]])  # probabilities 1/4 and 3/4
    mask, guided, one = torch.ones(1, 1, 2), torch.tensor([True]), torch.tensor
    sources = (Source(one([0]), one([0.6]), mask, guided), Source(one([1]), one([0.4]), mask, guided))
    loss = classification_loss(logits, sources, torch.tensor([1.0, 5.0]))
    share = torch.tensor([0.6 * 1, 0.4 * 5])
    torch.testing.assert_close(loss, -(share * torch.tensor([0.25, 0.75]).log()).sum() / share.sum())


def test_the_input_gradient_can_be_differentiated_again() -> None:
    inputs = torch.tensor([2.0], requires_grad=True)
    gradient = input_gradient((inputs**3).sum(), inputs)
    torch.testing.assert_close(gradient, torch.tensor([12.0]))
    torch.testing.assert_close(torch.autograd.grad(gradient.sum(), inputs)[0], torch.tensor([12.0]))


@pytest.mark.parametrize(
    ("dtype", "wanted"), [(torch.bfloat16, torch.float32), (torch.float32, torch.float32), (torch.float64,) * 2]
)
def test_gradients_are_at_least_fp32(dtype: torch.dtype, wanted: torch.dtype) -> None:
    inputs = torch.ones(2, dtype=dtype, requires_grad=True)
    assert input_gradient((inputs**2).sum(), inputs).dtype == wanted
    assert in_fp32(inputs).dtype == wanted


def test_what_keeps_the_gradient_from_the_inputs_is_told_apart() -> None:
    inputs = torch.ones(2)
    with pytest.raises(ValueError, match="must require a gradient"):
        input_gradient(inputs.sum(), inputs)
    inputs.requires_grad_()
    with torch.no_grad():
        constant = inputs.sum()
    with pytest.raises(ValueError, match="no_grad"):
        input_gradient(constant, inputs)
    with pytest.raises(ValueError, match="do not depend on these inputs"):
        input_gradient((inputs.detach() * torch.ones(2, requires_grad=True)).sum(), inputs)


def test_a_penalty_without_a_gradient_is_refused_by_name() -> None:
    with pytest.raises(RuntimeError, match="guidance: the penalty has no gradient"):
        require_gradient(torch.tensor(1.0), "guidance")
    penalty = torch.tensor(1.0, requires_grad=True)
    assert require_gradient(penalty, "guidance") is penalty


class Attention(nn.Module):
    """One attention head, whose fused kernels have no second derivative."""

    def __init__(self) -> None:
        super().__init__()
        self.project = nn.Linear(4, 12)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        queries, keys, values = self.project(inputs).chunk(3, dim=-1)
        return functional.scaled_dot_product_attention(queries, keys, values).mean(dim=1)


def test_under_autocast_a_double_differentiable_pass_is_fp32_and_autocast_is_on_again_after(
    make_net: Callable[..., nn.Module],
) -> None:
    for net, shape in ((make_net((3, 4)), (2, 3, 4)), (Attention(), (2, 5, 4))):
        inputs = torch.randn(shape, requires_grad=True)

        def energy(net: nn.Module = net, inputs: torch.Tensor = inputs) -> torch.Tensor:
            loss = input_gradient(net(inputs).square().sum(), inputs).square().sum()
            return torch.cat([loss[None], *[p.flatten() for p in torch.autograd.grad(loss, list(net.parameters()))]])

        with double_differentiable():
            exact = energy()
        with torch.autocast("cpu", dtype=torch.bfloat16):
            assert net(inputs).dtype == torch.bfloat16
            with double_differentiable():
                assert torch.equal(energy(), exact)
            assert torch.is_autocast_enabled("cpu")
            with pytest.raises(ZeroDivisionError), double_differentiable():
                raise ZeroDivisionError
            assert torch.is_autocast_enabled("cpu")
