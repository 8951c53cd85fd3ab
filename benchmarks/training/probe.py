"""Measures the share of the input gradient that lies outside of the targets, which gradient guidance is meant to
lower.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import Dataset

from provbench.registry import AUGMENTATIONS, Augmentation, Batch, Task
from provbench.registry.base import UserError

from .data import batch_of, collate

SEED = 0
"""Seed of the choice and the mixing of the samples. It belongs to no run, so that all runs are measured on the same
batch.
"""

GROUP = 8
"""Samples that are mixed and measured at a time: several draws of the mixing, and less memory than a step takes."""

Preprocess = Callable[[dict[str, Any]], dict[str, Any]]


class GradientProbe:
    """Measures networks on the same samples of a split, mixed in the same way. Leaves no trace of having done so.

    count: samples, chosen at random from `data`. augmentation: mixes them. preprocess: brings a collated batch to the
    network's device and input space.
    """

    def __init__(self, data: Dataset[Any], count: int, augmentation: Augmentation, preprocess: Preprocess) -> None:
        self.data, self.count, self.augmentation, self.preprocess = data, count, augmentation, preprocess
        self._batches: list[Batch] = []

    def measure(self, net: nn.Module) -> dict[str, float]:
        """`gradient outside`: the percentage of the squared input gradient that lies outside the mask of its source.

        For each guided sample and each of its sources, the gradient is that of the logit of the source's label, and
        its squares are summed over the channels. The plain mean over all of these is taken: of two sources whose masks
        are each other's complements, an evenly spread gradient has 50 % outside, however large the masks are. Empty
        where nothing is guided, or the network's gradient is zero. net: in eval mode.
        """
        with untouched_randomness():
            if not self._batches:
                self._batches = list(self._mixed())
            shares = torch.cat([outside_shares(net, batch) for batch in self._batches])
        return {"gradient outside": 100 * float(shares.mean())} if len(shares) else {}

    def _mixed(self) -> Iterator[Batch]:
        size = len(self.data)  # pyright: ignore[reportArgumentType]
        generator = torch.Generator().manual_seed(SEED)
        for places in torch.randperm(size, generator=generator)[: self.count].split(GROUP):
            items = [self.data[place] for place in places.tolist()]
            yield self.augmentation(batch_of(**self.preprocess(collate(items))), generator, _no_model)


def build_probe(task: Task, preprocess: Preprocess) -> GradientProbe | None:
    """The probe of a task, on its validation split; None where the task has none, or the recipe wants none."""
    if not task.probe or not task.params.gradient_probe:
        return None
    plugin = AUGMENTATIONS.get(task.probe)
    always = {"prob": 1.0} if "prob" in plugin.Params.model_fields else {}
    return GradientProbe(task.eval_data("val"), task.params.gradient_probe, plugin(**always), preprocess)


def outside_shares(net: nn.Module, batch: Batch) -> Tensor:
    """(pairs,) in [0, 1]: for each source and each sample that it guides, the share of Σ (∂logit[label]/∂input)² that
    lies outside its mask, without the pairs whose gradient is zero. One backward pass a source, first order only.
    """
    inputs = batch.inputs.detach().requires_grad_()
    with torch.enable_grad():
        logits = net(inputs)
    shares = []
    for source in batch.sources:
        (gradient,) = torch.autograd.grad(logits.gather(1, source.labels[:, None]).sum(), inputs, retain_graph=True)
        energy = gradient.float().square().sum(dim=1, keepdim=True)
        total = energy.flatten(1).sum(dim=1)
        outside = ((1 - source.mask) * energy).flatten(1).sum(dim=1)
        shares.append((outside / total)[source.guided & (total > 0)])
    return torch.cat(shares)


@contextmanager
def untouched_randomness() -> Iterator[None]:
    """Every global generator is afterwards as it was before."""
    python, arrays = random.getstate(), np.random.get_state()
    devices = [torch.cuda.current_device()] if torch.cuda.is_available() else []
    try:
        with torch.random.fork_rng(devices):
            torch.manual_seed(SEED)
            yield
    finally:
        random.setstate(python)
        np.random.set_state(arrays)


def _no_model(inputs: Tensor) -> Tensor:
    raise UserError("probe: needs an augmentation that does not look at the model, so that all are measured alike")
