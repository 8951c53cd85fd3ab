"""Communication between the processes of one training (its ranks). Alone, a process is its own rank 0.

Each rank takes its part of every batch, and the gradients are averaged. Together they see what one process would see:
the same samples in the same order, each transformed in the same way, and weighted equally in the classification loss. A
training set that cannot be dealt out evenly has up to `ranks - 1` samples twice in the last batch of an epoch.

What looks at a batch as a whole looks at each rank's part instead: an augmentation mixes within it, with a generator of
the rank's own; a penalty is computed on it (and divided by its guided samples), then averaged over the ranks; batch
normalisation uses its statistics, and the running ones are averaged over the ranks after each epoch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

import torch
from mmengine.dist import all_gather_object, all_reduce, broadcast, broadcast_object_list
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from provbench.registry.base import UserError

T = TypeVar("T")

PATIENCE = timedelta(days=1)
"""Time that a rank waits for the others: rank 0 scores and reports alone, and their launcher sees one die."""


@dataclass
class _Membership:
    """The membership of this process, for its lifetime, in a group of ranks. rendezvous: a file that does not exist
    yet.
    """

    rank: int = 0
    ranks: int = 1
    rendezvous: str = ""


_own = _Membership()


def become(rank: int, ranks: int, rendezvous: str) -> None:
    """Make this process one of `ranks` that train together, with a GPU of its own where there are any.

    They first talk to each other when they `join`.
    """
    if torch.cuda.is_available():
        torch.cuda.set_device(rank)
    _own.rank, _own.ranks, _own.rendezvous = rank, ranks, rendezvous


def rank() -> int:
    return _own.rank


def ranks() -> int:
    return _own.ranks


def is_rank_0() -> bool:
    return _own.rank == 0


def which_rank() -> str:
    """ " (rank 1 of 2)", or nothing where there is only one."""
    return f" (rank {rank()} of {ranks()})" if ranks() > 1 else ""


def join() -> None:
    """Form the process group: gloo on CPUs, NCCL on GPUs. Does nothing where there is one rank.

    Processes that load data must have been forked before: the group's threads enter Python now and then, and a process
    that is forked at such a moment waits for ever (in CPython 3.11, for the lock of the list of threads).
    """
    if ranks() == 1:
        return
    torch.distributed.init_process_group(
        "nccl" if torch.cuda.is_available() else "gloo",
        init_method=f"file://{_own.rendezvous}",
        rank=rank(),
        world_size=ranks(),
        timeout=PATIENCE,
    )


def part_of_batch(batch_size: int) -> int:
    """Returns the number of a batch's samples that one rank takes. Raises `UserError` if the batch cannot be split
    evenly.
    """
    part, rest = divmod(batch_size, ranks())
    if rest:
        raise UserError(
            f"batch_size: {batch_size} samples cannot be dealt out evenly to {ranks()} processes; "
            f"use {(part or 1) * ranks()} or {(part + 1) * ranks()}"
        )
    return part


def from_rank_0(compute: Callable[[], T]) -> T:
    """Returns, in every rank, the value of `compute()` in rank 0."""
    values: list[T | None] = [compute() if is_rank_0() else None]
    broadcast_object_list(values)
    return values[0]  # pyright: ignore[reportReturnType]


def mean_over_ranks(values: Mapping[str, float]) -> dict[str, float]:
    """Each value's mean over the ranks; one that a rank lacks is 0 there."""
    parts = all_gather_object(dict(values))
    names = dict.fromkeys(name for part in parts for name in part)
    return {name: sum(part.get(name, 0.0) for part in parts) / len(parts) for name in names}


def largest_of_ranks(value: float) -> float:
    return max(all_gather_object(value))


def relative_weight(weight: Tensor) -> Tensor:
    """This rank's weight in units of the ranks' mean, by which a weighted mean over all samples is put together."""
    mean = weight.detach().clone()
    all_reduce(mean, "mean")
    return weight / mean.clamp(min=1e-12)


def synchronize_buffers(net: nn.Module) -> None:
    """Running statistics of batch normalisation become their mean over the ranks; every other buffer is rank 0's."""
    for module in net.modules():
        for name, buffer in module.named_buffers(recurse=False):
            if isinstance(module, _BatchNorm) and name in ("running_mean", "running_var"):
                all_reduce(buffer, "mean")
            else:
                broadcast(buffer)


class BuffersHook(Hook):
    """Gives the ranks the same buffers after each epoch, so that they evaluate one network, which is the one saved."""

    def after_train_epoch(self, runner: Runner) -> None:
        synchronize_buffers(getattr(runner.model, "module", runner.model))
