"""Optimizers and schedules, against what the recipe says."""

from __future__ import annotations

import math

import pytest
import torch
from mmengine.optim import CosineAnnealingLR, LinearLR, MultiStepLR
from torch import nn

from provbench.benchmarks.training.optim import AutocastOptimWrapper, build_optimizer, schedule
from provbench.registry import ParameterGroup, Recipe, UserError


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.trunk, self.head, self.frozen = nn.Linear(4, 3), nn.Linear(3, 2), nn.Linear(2, 2).requires_grad_(False)

    def new_parameters(self) -> list[nn.Parameter]:
        return list(self.head.parameters())


def recipe(**values: object) -> Recipe:
    return Recipe(model="net", **values)  # pyright: ignore[reportArgumentType]


def rates(given: Recipe, steps: int) -> list[float]:
    """The learning rate of each step of a training."""
    wrapper = build_optimizer(nn.Linear(2, 2), given)
    kinds = {"LinearLR": LinearLR, "CosineAnnealingLR": CosineAnnealingLR, "MultiStepLR": MultiStepLR}
    schedulers = [
        (kinds[options.pop("type")](wrapper, **options), options["by_epoch"])
        for options in (dict(options) for options in schedule(given, steps))
    ]
    found = []
    for _ in range(given.epochs):
        for _ in range(steps):
            found.append(wrapper.param_groups[0]["lr"])
            wrapper.step()
            for scheduler, by_epoch in schedulers:
                if not by_epoch:
                    scheduler.step()
        for scheduler, by_epoch in schedulers:
            if by_epoch:
                scheduler.step()
    return found


def test_new_layers_learn_faster_and_frozen_ones_not_at_all() -> None:
    net = Net()
    groups = build_optimizer(net, recipe(lr=0.1, head_lr_scale=10.0)).optimizer.param_groups
    assert [group["lr"] for group in groups] == [0.1, 1.0]
    assert [len(group["params"]) for group in groups] == [2, 2]
    assert groups[1]["params"][0] is net.head.weight


class Layered(Net):
    """Its trunk's bias is of a layer below the rest, and does not decay."""

    def parameter_groups(self, layer_decay: float) -> list[ParameterGroup]:
        rest = [self.trunk.weight, *self.head.parameters()]
        return [ParameterGroup([self.trunk.bias], layer_decay, decays=False), ParameterGroup(rest)]


def test_groups_of_a_network_learn_and_decay_each_in_its_way() -> None:
    net = Layered()
    given = recipe(lr=0.1, head_lr_scale=10.0, layer_decay=0.5, weight_decay=0.01, optimizer="adamw")
    groups = build_optimizer(net, given).optimizer.param_groups
    assert [(group["lr"], group["weight_decay"]) for group in groups] == [(0.05, 0.0), (0.1, 0.01), (1.0, 0.01)]
    assert [[id(one) for one in group["params"]] for group in groups] == [
        [id(net.trunk.bias)],
        [id(net.trunk.weight)],
        [id(net.head.weight), id(net.head.bias)],
    ]


def test_a_network_without_layers_takes_no_layer_decay() -> None:
    with pytest.raises(
        UserError, match=r"layer_decay: net does not say what its layers are, so it must be 1 \(got 0.7"
    ):
        build_optimizer(Net(), recipe(layer_decay=0.75))


@pytest.mark.parametrize(
    ("momentum", "nesterov", "expected"), [(0.9, True, True), (0.9, False, False), (0, True, False)]
)
def test_momentum(momentum: float, nesterov: bool, expected: bool) -> None:
    group = build_optimizer(Net(), recipe(momentum=momentum, nesterov=nesterov)).param_groups[0]
    assert (group["momentum"], group["nesterov"]) == (momentum, expected)


def test_the_cosine_falls_step_by_step_to_zero() -> None:
    found = rates(recipe(lr=0.1, epochs=4), 5)
    assert found == pytest.approx([0.05 * (1 + math.cos(math.pi * step / 20)) for step in range(20)])


def test_steps_fall_to_a_tenth_every_so_many_epochs() -> None:
    found = rates(recipe(lr=0.1, epochs=5, schedule="step", step_epochs=2), 3)
    assert found == pytest.approx([0.1] * 6 + [0.01] * 6 + [0.001] * 3)


def test_the_wsol_trainers_steps_come_one_epoch_earlier() -> None:
    found = rates(recipe(lr=0.1, epochs=50, schedule="wsol-step", step_epochs=15), 1)
    assert found == pytest.approx([0.1] * 14 + [0.01] * 15 + [0.001] * 15 + [0.0001] * 6)
    assert rates(recipe(lr=0.1, epochs=3, schedule="wsol-step", step_epochs=1), 1) == pytest.approx([0.01, 1e-3, 1e-4])


def test_warm_up_rises_to_the_rate_before_the_cosine_begins() -> None:
    found = rates(recipe(lr=0.1, epochs=4, warmup_epochs=1), 5)
    assert found[0] == pytest.approx(1e-4)
    assert found[:5] == sorted(found[:5])
    assert found[5] == pytest.approx(0.1)
    assert found[5:] == sorted(found[5:], reverse=True)


def test_bfloat16_runs_the_model_in_autocast_anywhere() -> None:
    wrapper = build_optimizer(Net(), recipe(precision="bf16"))
    assert isinstance(wrapper, AutocastOptimWrapper)
    with wrapper.optim_context(Net()):
        assert nn.Linear(2, 2)(torch.ones(1, 2)).dtype == torch.bfloat16


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without a GPU")
def test_float16_needs_a_gpu() -> None:
    with pytest.raises(UserError, match="fp16 needs a GPU; use bf16 or fp32"):
        build_optimizer(Net(), recipe(precision="fp16"))
