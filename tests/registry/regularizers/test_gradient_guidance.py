"""Gradient guidance, against closed forms, finite differences and each way to have no gradient."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies as st
from torch import Tensor, nn
from torch.autograd import gradcheck
from torch.func import functional_call

from provbench.benchmarks.training.rerun import Rerun
from provbench.registry import REGULARIZERS, Batch, Source, Step, implied
from provbench.registry.contracts import double_differentiable
from provbench.registry.regularizers.gradient_guidance import GradientGuidance
from provbench.registry.regularizers.guidance.loss import guidance_loss
from provbench.registry.regularizers.guidance.masks import control_masks, rescale_area

Nets = Callable[..., nn.Module]


def random_pair(inputs: Tensor, classes: int, binary: bool = True) -> tuple[Source, Source]:
    """Two sources with complementary masks, and labels that differ."""
    count, *spatial = inputs.shape[0], *inputs.shape[2:]
    mask = torch.rand(count, 1, *spatial)
    mask = (mask > 0.5).float() if binary else mask
    labels = torch.randint(classes, (count,))
    share = mask.flatten(1).mean(dim=1)
    guided = torch.ones(count, dtype=torch.bool)
    return (
        Source(labels, share, mask, guided),
        Source((labels + 1) % classes, 1 - share, 1 - mask, guided),
    )


def test_a_linear_model_by_hand() -> None:
    # logits = W x, so the gradient of logit y is W[y] whatever x is
    weight = torch.tensor([[1.0, 2.0, 3.0, 4.0], [10.0, 20.0, 30.0, 40.0]], requires_grad=True)
    inputs = torch.randn(2, 1, 2, 2, requires_grad=True)
    mask = torch.tensor([[1.0, 0.0, 0.0, 1.0], [1.0, 1.0, 1.0, 0.5]]).view(2, 1, 2, 2)
    guided = torch.tensor([True, True])
    source = Source(torch.tensor([0, 1]), torch.ones(2), mask, guided)
    logits = inputs.flatten(1) @ weight.T
    sum_ = guidance_loss(logits, inputs, [source], reduction="sum")
    assert sum_.item() == (2**2 + 3**2) + (0.5 * 40) ** 2
    assert guidance_loss(logits, inputs, [source]).item() == sum_.item() / 2
    (gradient,) = torch.autograd.grad(sum_, weight)
    assert gradient.tolist() == [[0, 2 * 2, 2 * 3, 0], [0, 0, 0, 2 * 0.25 * 40]]


def test_fractional_masks_have_a_cross_term_by_hand() -> None:
    weight = torch.tensor([[3.0], [5.0]], requires_grad=True)
    inputs = torch.ones(1, 1, 1, requires_grad=True)
    half, guided = torch.full((1, 1, 1), 0.5), torch.tensor([True])
    sources = [Source(torch.tensor([k]), torch.tensor([0.5]), half, guided) for k in (0, 1)]
    loss = guidance_loss(inputs.flatten(1) @ weight.T, inputs, sources)
    assert loss.item() == (0.5 * 3 + 0.5 * 5) ** 2


@pytest.mark.parametrize("shape", [(3, 2, 4, 5), (3, 2, 7), (2, 3, 2, 3, 4)], ids=["images", "points", "volumes"])
def test_a_two_layer_net_by_hand(shape: tuple[int, ...], make_net: Nets) -> None:
    net = make_net(shape[1:], classes=4)
    inputs = torch.randn(shape, requires_grad=True)
    sources = random_pair(inputs, 4, binary=False)
    loss = guidance_loss(net(inputs), inputs, sources)

    # logit_y = v_y · tanh(U x + b) + c_y, so its gradient is Uᵀ (v_y ⊙ (1 - tanh²))
    hidden, output = (np.asarray(net[i].weight.detach(), np.float64) for i in (1, 3))  # pyright: ignore[reportIndexIssue]
    bias = net[1].bias.detach().numpy()  # pyright: ignore[reportIndexIssue]
    total = 0.0
    for i in range(shape[0]):
        slope = 1 - np.tanh(hidden @ inputs[i].detach().numpy().ravel() + bias) ** 2
        residual = np.zeros(shape[1:])
        for source in sources:
            gradient = hidden.T @ (output[int(source.labels[i])] * slope)
            residual += (1 - source.mask[i].numpy()) * gradient.reshape(shape[1:])
        total += (residual**2).sum()
    assert loss.item() == pytest.approx(total / shape[0], rel=1e-5)


def test_finite_differences_of_the_logits_give_the_same(make_net: Nets) -> None:
    net = make_net((2, 3, 3), classes=3).double()
    inputs = torch.randn(2, 2, 3, 3, dtype=torch.float64, requires_grad=True)
    (source, _) = random_pair(inputs, 3)
    total, step = 0.0, 1e-5
    for i in range(2):
        label, outside = int(source.labels[i]), 1 - source.mask[i].expand(2, 3, 3)
        for place in outside.nonzero().tolist():
            shift = torch.zeros_like(inputs)
            shift[(i, *place)] = step
            difference = net(inputs + shift)[i, label] - net(inputs - shift)[i, label]
            total += (difference / (2 * step)).item() ** 2
    assert guidance_loss(net(inputs), inputs, [source], reduction="sum").item() == pytest.approx(total, rel=1e-7)


@settings(max_examples=20)
@given(count=st.integers(1, 4), classes=st.integers(2, 5), seed=st.integers(0, 10**6))
def test_for_binary_masks_two_sources_cost_what_they_cost_alone(count: int, classes: int, seed: int) -> None:
    torch.manual_seed(seed)
    net = nn.Sequential(nn.Flatten(), nn.Linear(12, 5), nn.Tanh(), nn.Linear(5, classes))
    inputs = torch.randn(count, 3, 2, 2, requires_grad=True)
    first, second = random_pair(inputs, classes)
    logits = net(inputs)
    both = guidance_loss(logits, inputs, [first, second])
    alone = guidance_loss(logits, inputs, [first]) + guidance_loss(logits, inputs, [second])
    torch.testing.assert_close(both, alone)


def test_the_parameters_gradient_is_the_numerical_one(make_net: Nets) -> None:
    net = make_net((2, 2, 2), classes=3, hidden=3).double()
    names, values = zip(*net.named_parameters(), strict=True)
    inputs = torch.randn(2, 2, 2, 2, dtype=torch.float64, requires_grad=True)
    sources = random_pair(inputs, 3, binary=False)

    def loss(*parameters: Tensor) -> Tensor:
        logits: Any = functional_call(net, dict(zip(names, parameters, strict=True)), (inputs,))
        return guidance_loss(logits, inputs, sources)

    assert gradcheck(loss, values)


def test_unguided_samples_neither_add_nor_dilute(make_net: Nets) -> None:
    net, inputs = make_net((3, 4, 4)), torch.randn(4, 3, 4, 4, requires_grad=True)
    first, second = random_pair(inputs, 4)
    some = torch.tensor([True, False, True, False])
    loss = guidance_loss(net(inputs), inputs, [replace(first, guided=some), replace(second, guided=some)])
    few = inputs.detach()[some].requires_grad_()
    alone = [replace(s, labels=s.labels[some], mask=s.mask[some], guided=some[some]) for s in (first, second)]
    torch.testing.assert_close(loss, guidance_loss(net(few), few, alone))


def test_a_source_counts_only_for_the_samples_that_it_guides(make_net: Nets) -> None:
    net, inputs = make_net((3, 4, 4)), torch.randn(2, 3, 4, 4, requires_grad=True)
    first, second = random_pair(inputs, 4)
    second = replace(second, guided=torch.tensor([False, False]))
    logits = net(inputs)
    torch.testing.assert_close(guidance_loss(logits, inputs, [first, second]), guidance_loss(logits, inputs, [first]))


def test_nothing_guided_costs_nothing_and_is_not_active(make_net: Nets, make_batch: Callable[..., Batch]) -> None:
    net, batch = make_net((3, 4, 4)), make_batch((2, 3, 4, 4))
    guidance = GradientGuidance()
    assert not guidance.active(batch)
    assert guidance.penalty(net(batch.inputs), batch, torch.Generator()).item() == 0


def test_the_penalty_is_alpha_times_the_loss_and_alpha_can_be_searched(
    make_net: Nets, make_batch: Callable[..., Batch]
) -> None:
    batch = make_batch((2, 3, 4, 4), masks=torch.rand(2, 1, 4, 4) > 0.5)
    batch.inputs.requires_grad_()
    logits = make_net((3, 4, 4))(batch.inputs)
    loss = guidance_loss(logits, batch.inputs, batch.sources)
    guidance = REGULARIZERS.build("gradient-guidance", alpha=0.25)
    assert guidance.active(batch)
    torch.testing.assert_close(guidance.penalty(logits, batch, torch.Generator()), 0.25 * loss)


def test_a_step_down_the_penaltys_gradient_lowers_it(make_net: Nets) -> None:
    net, inputs = make_net((3, 4, 4)), torch.randn(4, 3, 4, 4, requires_grad=True)
    sources = random_pair(inputs, 4)
    before = guidance_loss(net(inputs), inputs, sources)
    before.backward()
    with torch.no_grad():
        for parameter in net.parameters():
            parameter -= 0.5 * (parameter.grad if parameter.grad is not None else 0)
    assert guidance_loss(net(inputs), inputs, sources).item() < 0.9 * before.item()


def test_channels_choose_what_of_a_point_counts(make_net: Nets) -> None:
    net = make_net((5, 6, 3))
    inputs = torch.randn(4, 5, 6, 3, requires_grad=True)
    sources = random_pair(inputs, 4)
    logits = net(inputs)
    alone = [guidance_loss(logits, inputs, sources, channels=(channel,)) for channel in range(5)]
    torch.testing.assert_close(sum(alone), guidance_loss(logits, inputs, sources))
    torch.testing.assert_close(alone[0] + alone[3], guidance_loss(logits, inputs, sources, channels=(0, 3)))


def test_the_whole_gradient_as_a_control(make_net: Nets) -> None:
    net, inputs = make_net((3, 4, 4)), torch.randn(2, 3, 4, 4, requires_grad=True)
    (source, _) = random_pair(inputs, 4)
    logits = net(inputs)
    nothing_allowed = replace(source, mask=torch.zeros_like(source.mask))
    torch.testing.assert_close(
        guidance_loss(logits, inputs, [source], mask="everything"), guidance_loss(logits, inputs, [nothing_allowed])
    )


def test_random_masks_keep_each_samples_area_and_stay_complementary() -> None:
    first, second = random_pair(torch.zeros(5, 3, 6, 6), 4)
    one, other = control_masks([first.mask, second.mask], "random", 1.0, torch.Generator().manual_seed(0))
    assert torch.equal(one + other, torch.ones_like(one))
    assert torch.equal(one.sum(dim=(1, 2, 3)), first.mask.sum(dim=(1, 2, 3)))
    assert not torch.equal(one, first.mask)
    again = control_masks([first.mask, second.mask], "random", 1.0, torch.Generator().manual_seed(0))
    assert torch.equal(one, again[0])


@pytest.mark.parametrize("scale", [0.5, 0.9, 1.1, 3.0])
def test_rescaled_masks_reach_the_wanted_area_and_not_by_more_than_a_step(scale: float) -> None:
    mask = torch.zeros(2, 1, 20, 20)
    mask[0, 0, 5:15, 5:15] = 1  # 100 pixels; a step makes 144 or 64
    mask[1, 0, 8:12, 8:12] = 1
    area = rescale_area(mask, scale).sum(dim=(1, 2, 3))
    wanted = scale * mask.sum(dim=(1, 2, 3))
    sides = (area**0.5).round()
    assert torch.equal(sides**2, area)  # squares stay squares
    if scale > 1:
        assert bool((area >= wanted).all())
        assert bool(((sides - 2) ** 2 < wanted).all())
    else:
        assert bool((area <= wanted).all())
        assert bool(((sides + 2) ** 2 > wanted).all())


def test_masks_at_the_border_erode_from_inside_only_and_full_or_empty_ones_stay() -> None:
    mask = torch.zeros(3, 1, 4, 6)
    mask[0, ..., :3] = 1
    mask[2] = 1
    eroded = rescale_area(mask, 0.9)
    assert eroded[0, 0].tolist() == [[1, 1, 0, 0, 0, 0]] * 4
    assert not eroded[1].any()
    assert bool((rescale_area(mask, 2.0)[2] == 1).all())


def test_scaling_the_masks_of_points_is_refused() -> None:
    with pytest.raises(ValueError, match="mask_scale needs image masks"):
        rescale_area(torch.ones(2, 1, 5), 1.1)


def test_logits_without_a_graph_and_detached_inputs_are_refused(make_net: Nets) -> None:
    net, inputs = make_net((3, 2, 2)), torch.randn(2, 3, 2, 2, requires_grad=True)
    sources = random_pair(inputs, 4)
    with torch.no_grad():
        logits = net(inputs)
    with pytest.raises(ValueError, match="no graph"):
        guidance_loss(logits, inputs, sources)
    with pytest.raises(ValueError, match="must require a gradient"):
        guidance_loss(net(inputs.detach()), inputs.detach(), sources)
    with pytest.raises(ValueError, match="do not depend on these inputs"):
        guidance_loss(net(inputs.detach().clone()), inputs, sources)


SECOND_ORDER = [name for name in REGULARIZERS if REGULARIZERS.build(name).second_order]
"""The regularizers whose penalties differentiate twice."""


class GradientsAreConstants(torch.autograd.Function):
    """The identity, with a backward pass that cannot be differentiated, as some fused kernels have."""

    @staticmethod
    def forward(ctx: Any, inputs: Tensor) -> Tensor:
        return inputs.clone()

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        return gradients[0].detach()


@pytest.mark.parametrize("name", SECOND_ORDER)
def test_a_model_without_second_derivatives_is_refused_not_silently_trained(
    name: str, make_net: Nets, make_batch: Callable[..., Batch]
) -> None:
    batch = make_batch((2, 3, 2, 2), masks=torch.rand(2, 1, 2, 2) > 0.5)
    batch.inputs.requires_grad_()
    logits = make_net((3, 2, 2))(GradientsAreConstants.apply(batch.inputs))
    with pytest.raises(RuntimeError, match=f"{name}: the penalty has no gradient"):
        REGULARIZERS.build(name).penalty(logits, batch, torch.Generator())


@pytest.mark.slow
@pytest.mark.parametrize("name", SECOND_ORDER)
def test_a_compiled_model_raises_and_leaves_no_gradient(
    name: str, make_net: Nets, make_batch: Callable[..., Batch]
) -> None:
    net = make_net((3, 2, 2))
    batch = make_batch((2, 3, 2, 2), masks=torch.rand(2, 1, 2, 2) > 0.5)
    batch.inputs.requires_grad_()
    logits = torch.compile(net, backend="aot_eager")(batch.inputs)
    with pytest.raises(RuntimeError, match=r"double backward|no gradient"):
        REGULARIZERS.build(name).penalty(logits, batch, torch.Generator()).backward()
    assert all(parameter.grad is None for parameter in net.parameters())


@pytest.mark.parametrize("name", SECOND_ORDER)
def test_under_autocast_the_penalty_is_that_of_fp32(
    name: str, make_net: Nets, make_batch: Callable[..., Batch]
) -> None:
    net = make_net((3, 4, 4))
    batch = make_batch((3, 3, 4, 4), masks=torch.rand(3, 1, 4, 4) > 0.5)
    batch.inputs.requires_grad_()
    regularizer = REGULARIZERS.build(name)

    def penalty() -> Tensor:
        return regularizer.penalty(net(batch.inputs), batch, torch.Generator().manual_seed(0))

    exact = penalty()
    with torch.autocast("cpu", dtype=torch.bfloat16), double_differentiable():
        assert torch.equal(penalty(), exact)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        rough = penalty()
    assert rough.dtype == torch.float32
    assert not torch.equal(rough, exact)


OPTIONS: dict[str, dict[str, Any]] = {
    "random-source": {"estimator": "random-source"},
    "rademacher": {"estimator": "rademacher"},
    "perturbation": {"estimator": "perturbation", "blocks": "50%"},
    "a share": {"share": 0.5},
    "a share, perturbed": {"share": 0.5, "estimator": "perturbation"},
    "margin in pixels": {"scalar": "margin", "inputs": "unit", "normalise": "pixels", "blocks": [1, "100%"]},
}


def step_of(net: nn.Module, batch: Batch, seed: int = 0) -> Step:
    batch = batch.with_inputs(batch.inputs.detach().requires_grad_())
    std = torch.full((batch.inputs.shape[1],), 0.25)
    return Step(net(batch.inputs), batch, torch.Generator().manual_seed(seed), 0, net, std)


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_every_option_gives_a_positive_term_whose_gradient_reaches_the_parameters(
    options: dict[str, Any], make_net: Nets
) -> None:
    net, inputs = make_net((3, 4, 4), classes=4), torch.randn(6, 3, 4, 4)
    step = step_of(net, Batch(inputs, random_pair(inputs, 4)))
    term = REGULARIZERS.build("gradient-guidance", alpha=1.0, **options).term(step)
    assert term.item() > 0
    gradients = torch.autograd.grad(term, list(net.parameters()), allow_unused=True)
    assert any(gradient is not None and gradient.abs().sum() > 0 for gradient in gradients)


def test_a_step_in_k_has_k_times_the_weight(make_net: Nets) -> None:
    net, inputs = make_net((3, 4, 4), classes=4), torch.randn(6, 3, 4, 4)
    step = step_of(net, Batch(inputs, random_pair(inputs, 4)))
    always, lazy = (REGULARIZERS.build("gradient-guidance", every=every) for every in (1, 4))
    assert [number for number in range(10) if lazy.due(number)] == [0, 4, 8]
    assert all(always.due(number) for number in range(10))
    torch.testing.assert_close(lazy.term(step), 4 * always.term(step))


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_a_share_of_the_samples_is_right_in_the_mean(reduction: str, make_net: Nets) -> None:
    net, inputs = make_net((3, 4, 4), classes=4).double(), torch.randn(4, 3, 4, 4, dtype=torch.float64)
    batch = Batch(inputs, random_pair(inputs, 4))
    whole = REGULARIZERS.build("gradient-guidance", reduction=reduction).term(step_of(net, batch))
    half = REGULARIZERS.build("gradient-guidance", reduction=reduction, share=0.5)
    terms = torch.stack([half.term(step_of(net, batch, seed)) for seed in range(60)])
    pairs = torch.stack(sorted({round(term.item(), 12): term for term in terms}.values()))
    assert len(pairs) == 6  # of four samples
    torch.testing.assert_close(pairs.mean(), whole)


@pytest.mark.parametrize("share", [1.0, 0.5])
def test_what_dropout_draws_is_no_answer_to_a_perturbation(share: float) -> None:
    net = nn.Sequential(nn.Flatten(), nn.Dropout(0.5), nn.Linear(48, 4))
    inputs = torch.randn(6, 3, 4, 4)
    labels, ones, guided = torch.zeros(6, dtype=torch.int64), torch.ones(6), torch.ones(6, dtype=torch.bool)
    batch = Batch(inputs, (Source(labels, ones, torch.ones(6, 1, 4, 4), guided),))  # nothing is outside
    again = Rerun(net, inputs.device)
    step = Step(net(inputs), batch, torch.Generator().manual_seed(0), 0, again)
    assert REGULARIZERS.build("gradient-guidance", estimator="perturbation", share=share).term(step).item() == 0


def test_second_order_is_asked_for_only_where_the_steps_own_pass_needs_it() -> None:
    def asked(**options: Any) -> tuple[bool, bool]:
        regularizer = REGULARIZERS.build("gradient-guidance", **options)
        return regularizer.second_order, regularizer.reruns_model

    assert asked() == asked(estimator="rademacher") == (True, False)
    assert asked(estimator="perturbation") == asked(share=0.5) == (False, True)


@pytest.mark.parametrize("blocks", [0, [], [4, "0%"], "half"])
def test_blocks_that_are_no_sizes_are_refused(blocks: Any) -> None:
    with pytest.raises(ValueError, match="block"):
        GradientGuidance(blocks=blocks)


def test_the_later_options_at_their_defaults_are_no_part_of_a_runs_identity() -> None:
    earlier = {"alpha", "reduction", "mask", "mask_scale", "channels"}
    params = GradientGuidance().params
    assert set(implied(params)) == set(GradientGuidance.Params.model_fields) - earlier
    assert "scalar" not in implied(GradientGuidance(scalar="margin").params)
