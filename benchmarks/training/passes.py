"""The forward pass of a training step, as its regularizers need it. Imports torch and the registry only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext

import torch
from torch import Generator, Tensor, nn

from provbench.registry import (
    Batch,
    Part,
    Regularizer,
    SelfTaught,
    Step,
    double_differentiable,
    full_precision,
    on_device,
)

from .rerun import Rerun, samples_interact


@contextmanager
def precision_for(active: Sequence[Regularizer], autocast: bool) -> Iterator[None]:
    """The kernels and the precision that a step's regularizers need. autocast: whether the autocast that is on may stay
    where a penalty differentiates twice.
    """
    with full_precision() if any(one.full_precision for one in active) else nullcontext():
        if any(one.second_order for one in active):
            with double_differentiable(autocast):
                yield
        else:
            yield


def run_step(
    net: nn.Module,
    batch: Batch,
    active: Sequence[Regularizer],
    generator: Generator,
    number: int,
    *,
    autocast: bool = False,
    pixel_std: Tensor | None = None,
    pixel_mean: Tensor | None = None,
    class_weight: Tensor | None = None,
    plain_loss: bool = True,
) -> tuple[Step, Mapping[str, Tensor]]:
    """Returns step `number` after its forward pass (or passes, where one regularizer wants some of the samples apart),
    and the network's own loss terms. Call it, and the terms of the regularizers, within `precision_for`.
    """
    if any(one.second_order or one.first_order for one in active):
        batch = batch.with_inputs(batch.inputs.detach().requires_grad_())
    again = Rerun(net, batch.inputs.device) if any(one.reruns_model for one in active) else _no_rerun
    together = len(active) != 1 or isinstance(net, SelfTaught) or samples_interact(net)
    rows, part, own = None if together else active[0].apart(batch, generator), None, {}
    if rows is None:
        logits, own = logits_and_losses(net, batch.inputs)
    else:
        logits, part = _in_two(net, batch, rows, autocast)
    step = Step(
        logits, batch, generator, number, again, pixel_std, part, class_weight, plain_loss, autocast, pixel_mean
    )
    return step, own


def logits_and_losses(net: nn.Module, inputs: Tensor) -> tuple[Tensor, Mapping[str, Tensor]]:
    """Returns the logits, and the terms of the loss that the network has of its own, by name."""
    return net.logits_and_losses(inputs) if isinstance(net, SelfTaught) else (net(inputs), {})


def _in_two(net: nn.Module, batch: Batch, rows: Tensor, autocast: bool) -> tuple[Tensor, Part]:
    """Returns the logits of the batch, and the samples of those rows, which went through the network first."""
    part = batch.part(rows)
    part = part.with_inputs(part.inputs.detach().requires_grad_())
    others = torch.ones(len(batch), dtype=torch.bool).index_fill(0, rows, False).nonzero().squeeze(1)
    with double_differentiable(autocast):
        logits = net(part.inputs)
    rest = [net(batch.inputs[on_device(others, batch.inputs)])] if len(others) else []
    order = on_device(torch.cat([rows, others]).argsort(), logits)
    return torch.cat([logits, *(one.to(logits.dtype) for one in rest)])[order], Part(logits, part)


def _no_rerun(inputs: Tensor) -> Tensor:
    raise RuntimeError("a regularizer that calls step.again says so: reruns_model = True")
