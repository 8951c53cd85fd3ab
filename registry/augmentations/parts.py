"""Mixing inside the two parts of a batch: real samples with real ones, synthetic ones with synthetic ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

from ..base import torch
from ..contracts import Batch, Source, on_device
from ..params import added

if TYPE_CHECKING:
    from torch import Tensor

Within = Literal["batch", "parts"]
SOURCE_FIELDS = ("labels", "weight", "mask", "guided")


def within(default: Within = "batch") -> Any:
    """Returns the field of a parameter model that says who is mixed with whom."""
    words = "partners: any sample of the batch, or real with real and synthetic with synthetic"
    return added(default, description=words)


def halves(batch: Batch) -> list[Tensor]:
    """Returns the numbers of the real samples and of the synthetic ones, (N,) each, of those that there are."""
    if batch.synthetic is None:
        return [torch.arange(len(batch))]
    made = batch.synthetic.cpu()
    return [rows for rows in (torch.nonzero(~made)[:, 0], torch.nonzero(made)[:, 0]) if len(rows)]


def in_halves(batch: Batch, mixed: Callable[[Batch], Batch]) -> Batch:
    """Returns the batch with real samples mixed with real ones and synthetic ones with synthetic ones, each by a call
    of `mixed`, in the order in which they were.
    """
    rows = halves(batch)
    if len(rows) == 1:
        return mixed(batch)
    parts = [mixed(batch.part(of)) for of in rows]
    count = max(len(part.sources) for part in parts)
    order = on_device(torch.argsort(torch.cat(rows)), batch.inputs)
    sources = [[*part.sources, *[_nothing(part) for _ in range(count - len(part.sources))]] for part in parts]
    joined = tuple(
        Source(*(torch.cat([getattr(of[place], name) for of in sources])[order] for name in SOURCE_FIELDS))
        for place in range(count)
    )
    inputs = torch.cat([part.inputs for part in parts])[order]
    return Batch(inputs, joined, batch.ids, batch.synthetic)


def _nothing(batch: Batch) -> Source:
    """A source of nothing, for a batch that has fewer than its neighbour."""
    first = batch.sources[0]
    zeros = torch.zeros_like
    return Source(first.labels, zeros(first.weight), zeros(first.mask), zeros(first.guided))
