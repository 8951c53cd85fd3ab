"""Groups of training samples, for losses and samplers that know them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from provbench.registry import Regularizer, Task
from provbench.registry.base import UserError

from .distributed import ranks


class Groups:
    """The groups of a task's training samples by their ids. Raises `UserError` where there are none.

    who: whatever needs them, for messages.
    """

    def __init__(self, task: Task, who: str) -> None:
        self.who, self.of = who, dict(task.sample_groups())
        if not self.of:
            raise UserError(f"{who}: needs groups, and the training samples of {task.name} have none")
        counts = Counter(self.of.values())
        self.counts = [counts[group] for group in range(max(counts) + 1)]

    def of_samples(self, ids: Sequence[str]) -> Tensor:
        """(N,) int64: the groups of some samples. Raises `UserError` for one that has none, as synthetic ones."""
        lacking = [name for name in ids if name not in self.of]
        if lacking:
            raise UserError(
                f"{self.who}: the training sample {lacking[0]!r} has no group, as samples of a synthetic set have "
                "none: use it without a synthesizer"
            )
        return torch.tensor([self.of[name] for name in ids])


def groups_for(task: Task, regularizers: Sequence[Regularizer]) -> Groups | None:
    """Returns the groups where a regularizer needs them. Raises `UserError` where there are none, and for several
    processes, each of which would see a part of each group only.
    """
    needing = [one.name for one in regularizers if one.uses_groups]
    if needing and ranks() > 1:
        raise UserError(f"{needing[0]}: trains in one process only (got {ranks()})")
    return Groups(task, needing[0]) if needing else None


def sampling_weights(task: Task, samples: Any) -> Tensor | None:
    """(N,) float64: what each sample's chance of being drawn is proportional to, so that each group is drawn equally
    often; None for uniform passes over the data. Raises `UserError` for data without groups.
    """
    if task.params.sampling == "uniform":
        return None
    groups = Groups(task, "sampling: group-balanced")
    records: Sequence[Any] | None = getattr(samples, "records", None)
    if records is None:
        raise UserError("sampling: group-balanced needs training data that are drawn as they are, without replacements")
    own = groups.of_samples([record.id for record in records])
    return 1 / torch.bincount(own).double()[own]
