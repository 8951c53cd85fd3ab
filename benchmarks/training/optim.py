"""Optimizer, precision and learning-rate schedule of a recipe, in mmengine's terms."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from math import cos, pi
from typing import Any

import torch
from mmengine.device import get_device
from mmengine.optim import AmpOptimWrapper, OptimWrapper
from torch import nn

from provbench.registry import GroupedNetwork, ParameterGroup, PartlyNew, Recipe
from provbench.registry.base import UserError


class AutocastOptimWrapper(OptimWrapper):
    """bfloat16 autocast on any device; mmengine's own AMP wrapper refuses a CPU, and scales a loss that needs none."""

    @contextmanager
    def optim_context(self, model: nn.Module) -> Iterator[None]:
        with super().optim_context(model), torch.autocast(get_device(), torch.bfloat16):
            yield


def build_optimizer(net: nn.Module, recipe: Recipe) -> OptimWrapper:
    """The recipe's optimizer over the groups of `net`; new parameters learn `head_lr_scale` times as fast."""
    groups = parameter_groups(net, recipe)
    if recipe.optimizer == "sgd":
        optimizer: torch.optim.Optimizer = torch.optim.SGD(
            groups,
            momentum=recipe.momentum,
            nesterov=recipe.nesterov and recipe.momentum > 0,
            weight_decay=recipe.weight_decay,
        )
    else:
        optimizer = torch.optim.AdamW(groups, weight_decay=recipe.weight_decay)
    options: dict[str, Any] = {
        "optimizer": optimizer,
        "accumulative_counts": recipe.accumulate,
        "clip_grad": {"max_norm": recipe.clip_grad_norm} if recipe.clip_grad_norm is not None else None,
    }
    if recipe.precision == "fp32":
        return OptimWrapper(**options)
    if recipe.precision == "bf16":
        return AutocastOptimWrapper(**options)
    if not torch.cuda.is_available():
        raise UserError("precision: fp16 needs a GPU; use bf16 or fp32 on a CPU")
    return AmpOptimWrapper(dtype=torch.float16, **options)


def parameter_groups(net: nn.Module, recipe: Recipe) -> list[dict[str, Any]]:
    """Returns torch's parameter groups: those of the network, each divided into old and new parameters.

    Raises `UserError` for a layer decay of a network that does not say what its layers are.
    """
    if isinstance(net, GroupedNetwork):
        own = net.parameter_groups(recipe.layer_decay)
    elif recipe.layer_decay == 1:
        own = [ParameterGroup([parameter for parameter in net.parameters() if parameter.requires_grad])]
    else:
        raise UserError(
            f"layer_decay: {recipe.model} does not say what its layers are, so it must be 1 (got {recipe.layer_decay})"
        )
    new = list(net.new_parameters()) if isinstance(net, PartlyNew) else []
    parts = [part for group in own for part in _parts(group, new, recipe.head_lr_scale)]
    return [
        {"params": list(part.parameters), "lr": recipe.lr * part.lr_scale}
        | ({} if part.decays else {"weight_decay": 0.0})
        for part in parts
        if part.parameters
    ]


def _parts(group: ParameterGroup, new: Sequence[nn.Parameter], scale: float) -> tuple[ParameterGroup, ParameterGroup]:
    """Returns the group's old parameters, and its new ones, which learn `scale` times as fast."""
    members, is_new = {id(one) for one in group.parameters}, {id(one) for one in new}
    return (
        group._replace(parameters=[one for one in group.parameters if id(one) not in is_new]),
        group._replace(parameters=[one for one in new if id(one) in members], lr_scale=group.lr_scale * scale),
    )


def schedule(recipe: Recipe, steps_per_epoch: int) -> list[dict[str, Any]]:
    """Returns configurations of mmengine's parameter schedulers, for training by epochs."""
    warmup = recipe.warmup_epochs * steps_per_epoch
    total = recipe.epochs * steps_per_epoch
    schedulers = _smooth(recipe, warmup, total)
    if milestones := _milestones(recipe):
        schedulers.append({"type": "MultiStepLR", "milestones": milestones, "gamma": 0.1, "by_epoch": True})
    return schedulers


def schedule_over(recipe: Recipe, steps: int) -> list[dict[str, Any]]:
    """Returns the same schedule over so many steps, of which each epoch of the recipe is an equal part."""
    schedulers = _smooth(recipe, round(steps * min(recipe.warmup_epochs / recipe.epochs, 1)), steps)
    if milestones := _milestones(recipe):
        places = [round(steps * milestone / recipe.epochs) for milestone in milestones]
        schedulers.append({"type": "MultiStepLR", "milestones": places, "gamma": 0.1, "by_epoch": False})
    return schedulers


def rate_at(recipe: Recipe, share: float) -> float:
    """Returns the learning rate in units of the recipe's, when that share of the training is over: 0 to 1."""
    warmup = min(recipe.warmup_epochs / recipe.epochs, 1)
    if share < warmup:
        return _start(recipe) + (1 - _start(recipe)) * share / warmup
    if recipe.schedule == "cosine" and warmup < 1:
        least = (recipe.min_lr or 0) / recipe.lr
        return least + (1 - least) * (1 + cos(pi * (share - warmup) / (1 - warmup))) / 2
    return 0.1 ** sum(milestone <= share * recipe.epochs for milestone in _milestones(recipe))


def _smooth(recipe: Recipe, warmup: int, total: int) -> list[dict[str, Any]]:
    """The warm-up and the cosine, which change at every step."""
    schedulers: list[dict[str, Any]] = []
    if warmup:
        start = _start(recipe)
        schedulers.append({"type": "LinearLR", "start_factor": start, "by_epoch": False, "begin": 0, "end": warmup})
    if recipe.schedule == "cosine" and total > warmup:
        schedulers.append(
            {
                "type": "CosineAnnealingLR",
                "T_max": total - warmup,
                "eta_min": recipe.min_lr or 0,
                "by_epoch": False,
                "begin": warmup,
                "end": total,
            }
        )
    return schedulers


def _start(recipe: Recipe) -> float:
    """Returns the learning rate at which warm-up begins, in units of the recipe's; it is never 0."""
    return 1e-3 if recipe.min_lr is None else min(max(recipe.min_lr / recipe.lr, 1e-9), 1.0)


def _milestones(recipe: Recipe) -> list[int]:
    """Returns the epochs after which the learning rate falls to a tenth."""
    if recipe.schedule not in ("step", "wsol-step"):
        return []
    first = recipe.step_epochs - (recipe.schedule == "wsol-step")
    return list(range(first, recipe.epochs, recipe.step_epochs))
