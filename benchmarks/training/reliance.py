"""Measures how much a classifier relies on backgrounds and on targets, by exchanging them.

The share of the input gradient outside of the targets is a local measure: it can be small while a score follows the
background as a whole. These are finite ones: what becomes of accuracy and logits when one of the two is replaced.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import Tensor, nn
from torch.utils.data import Dataset

from provbench.registry import EXCHANGED, RELIANCE, Task

from .distributed import is_rank_0
from .learner import learner_of

BATCH = 32

Preprocess = Callable[[dict[str, Any]], dict[str, Any]]


class RelianceProbe:
    """Measures networks on the pictures of a data set of exchanged images. preprocess: as a batch is prepared."""

    def __init__(self, data: Dataset[dict[str, Any]], preprocess: Preprocess) -> None:
        self.data, self.preprocess = data, preprocess
        self._batches: list[tuple[Tensor, Tensor]] = []

    @torch.no_grad()
    def measure(self, net: nn.Module) -> dict[str, float]:
        """Returns the share of images still right over another class's background, and the background reliance, in %.

        Background reliance is the change of the logits when the background is replaced, as a share of that and the
        change when the target is replaced: 0 % where only the target counts, 100 % where only the background does.
        A change is the Euclidean distance of the two pictures' logits less their mean, averaged over the images.
        Empty where there are no such pictures. net: in eval mode.
        """
        if not self._batches:
            self._batches = list(self._read())
        if not self._batches:
            return {}
        right, background, target = [], [], []
        for pictures, labels in self._batches:
            logits = net(pictures).float().unflatten(0, (-1, 3))
            centred = logits - logits.mean(dim=2, keepdim=True)
            right.append(logits[:, 1].argmax(dim=1) == labels)
            background.append((centred[:, 1] - centred[:, 0]).norm(dim=1))
            target.append((centred[:, 2] - centred[:, 0]).norm(dim=1))
        moved, other = float(torch.cat(background).mean()), float(torch.cat(target).mean())
        found = {EXCHANGED: 100 * float(torch.cat(right).float().mean())}
        return found | ({RELIANCE: 100 * moved / (moved + other)} if moved + other > 0 else {})

    def _read(self) -> Any:
        size = len(self.data)  # pyright: ignore[reportArgumentType]
        for start in range(0, size, BATCH):
            items = [self.data[place] for place in range(start, min(start + BATCH, size))]
            pictures = torch.cat([item["images"] for item in items])
            labels = torch.tensor([item["label"] for item in items])
            batch = self.preprocess({"inputs": pictures, "labels": labels})
            yield batch["inputs"], batch["labels"]


def reliance_probe(task: Task, split: Literal["val", "test"], preprocess: Preprocess) -> RelianceProbe | None:
    """Returns the probe of a split; None where the recipe wants none, or the task has no pictures for one."""
    count = task.params.reliance
    data = task.exchanged(split, count) if count else None
    return None if data is None else RelianceProbe(data, preprocess)


class RelianceHook(Hook):
    """Adds what probes measure to the metrics of a split's evaluation, in rank 0."""

    def __init__(self, val: RelianceProbe | None, test: RelianceProbe | None = None) -> None:
        self.val, self.test = val, test

    def after_val_epoch(self, runner: Runner, metrics: dict[str, float] | None = None) -> None:
        self._add(self.val, runner, metrics)

    def after_test_epoch(self, runner: Runner, metrics: dict[str, float] | None = None) -> None:
        self._add(self.test, runner, metrics)

    def _add(self, probe: RelianceProbe | None, runner: Runner, metrics: dict[str, float] | None) -> None:
        if probe is not None and metrics is not None and is_rank_0():
            metrics.update(probe.measure(learner_of(runner).net))
