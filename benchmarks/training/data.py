"""Turns data set items into batches: seeded sampling, collation, normalisation on the device.

An item is a dict: `image` uint8 tensor (3, H, W), or a float tensor (C, *spatial) that is taken as it is; `label` int;
`id` str; `mask` uint8 tensor (1, *spatial), 1 on the target where `guided`; `guided` bool, whether the mask says
something. Items of tasks that train on synthetic images may have `synthetic` bool, and, where they have several labels,
`shares`, pairs of a label and its weight, the pair of `label` first. Training items are asked for by `(index, seed)`,
evaluation items by `index`. A data set may have a method `__getitems__`, which gets a list of these and returns a dict:
`image` and `mask` of all together, and `rest`, a list with the rest of each item.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, cast

import torch
from mmengine.model import BaseDataPreprocessor
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, DistributedSampler
from torch.utils.data.dataloader import _MultiProcessingDataLoaderIter

from provbench.registry import Batch, Source
from provbench.registry.base import UserError, derive_seed

from .distributed import rank, ranks


class SeededSampler(DistributedSampler[Any]):
    """Yields `(index, seed)`: torch's sampler, shuffled by the run's seed and the epoch, with a seed a sample.

    Of n ranks each gets every nth sample, so that their batches together are those of one process. weights: (N,), what
    each sample's chance is proportional to; samples are then drawn with replacement, as many as there are.
    """

    def __init__(self, dataset: Any, seed: int, weights: Tensor | None = None) -> None:
        super().__init__(dataset, ranks(), rank(), seed=derive_seed(seed, "order"))
        self.run_seed, self.weights = seed, weights

    def __iter__(self) -> Iterator[Any]:
        if self.weights is not None:
            yield from self._drawn(self.weights)
            return
        for index in super().__iter__():
            yield index, derive_seed(self.run_seed, "transform", self.epoch, index)

    def _drawn(self, weights: Tensor) -> Iterator[Any]:
        """Yields samples by their chances; the seed of one that is drawn again is another."""
        generator = torch.Generator().manual_seed(derive_seed(self.seed, "order", self.epoch))
        order = torch.multinomial(weights, self.total_size, replacement=True, generator=generator).tolist()
        for place in range(self.rank, self.total_size, self.num_replicas):
            yield order[place], derive_seed(self.run_seed, "transform", self.epoch, order[place], place)


def collate(items: Sequence[dict[str, Any]] | dict[str, Any]) -> dict[str, Any]:
    """Items, or what a data set's `__getitems__` returns, to a batch: `inputs`, `labels`, `masks`, `guided`, `ids`;
    `synthetic` (B,) where any sample is, and where any has several labels `shares`, (B, L, 2) float64: labels and
    weights, filled up with weights of 0.
    """
    if isinstance(items, dict):
        inputs, masks, rest = items["image"], items["mask"], cast("Sequence[dict[str, Any]]", items["rest"])
    else:
        inputs, masks = (torch.stack([item[name] for item in items]) for name in ("image", "mask"))
        rest = items
    batch = {
        "inputs": inputs,
        "labels": torch.tensor([item["label"] for item in rest]),
        "masks": masks,
        "guided": torch.tensor([item["guided"] for item in rest]),
        "ids": [item["id"] for item in rest],
    }
    if any(item.get("synthetic") for item in rest):
        batch["synthetic"] = torch.tensor([bool(item.get("synthetic")) for item in rest])
    if any(item.get("shares") for item in rest):
        batch["shares"] = _shares(rest)
    return batch


def _shares(items: Sequence[dict[str, Any]]) -> Tensor:
    """(B, L, 2): the labels and weights of each sample."""
    rows = [item.get("shares") or ((item["label"], 1.0),) for item in items]
    most = max(map(len, rows))
    full = [[*row, *[(row[0][0], 0.0)] * (most - len(row))] for row in rows]
    return torch.tensor(full, dtype=torch.float64)


def batch_of(
    inputs: Tensor,
    labels: Tensor,
    masks: Tensor,
    guided: Tensor,
    ids: Sequence[str],
    synthetic: Tensor | None = None,
    shares: Tensor | None = None,
) -> Batch:
    """Returns a `Batch` of what `collate` put together, preprocessed: one source for each sample, or one for each of
    its labels, of which the first has the sample's mask, and the others cover everything and guide nothing.
    """
    weight = torch.ones(len(labels), device=labels.device) if shares is None else shares[:, 0, 1].float()
    first = Source(labels, weight, masks.float(), guided)
    others = [] if shares is None else list(shares.unbind(dim=1))[1:]
    whole, nothing = torch.ones_like(first.mask), torch.zeros_like(guided)
    sources = (first, *(Source(one[:, 0].long(), one[:, 1].float(), whole, nothing) for one in others))
    return Batch(inputs, sources, tuple(ids), synthetic)


def train_loader(
    dataset: Dataset[Any], batch_size: int, seed: int, workers: int, sampler: SeededSampler | None = None
) -> DataLoader[Any]:
    """Returns a loader of this rank's part of the data. batch_size: the rank's own. sampler: by default each epoch is
    one pass.
    """
    return DataLoader(
        dataset,
        batch_size,
        sampler=SeededSampler(dataset, seed) if sampler is None else sampler,
        collate_fn=collate,
        num_workers=workers,
        persistent_workers=workers > 0,
        pin_memory=torch.cuda.is_available(),
    )


def eval_loader(dataset: Dataset[Any], batch_size: int, workers: int) -> DataLoader[Any]:
    """Returns a loader of this rank's part of the data; the last ranks may see a sample twice, which `TaskMetric` sorts
    out.
    """
    return DataLoader(
        dataset,
        batch_size,
        sampler=DistributedSampler(dataset, ranks(), rank(), shuffle=False),
        collate_fn=collate,
        num_workers=workers,
        persistent_workers=workers > 0,
        pin_memory=torch.cuda.is_available(),
    )


def require_samples(where: str, loaders: Mapping[str, DataLoader[Any] | None]) -> None:
    """Raise `UserError` naming the data and the split where a split has no samples: it trains or tests nothing."""
    for split, loader in loaders.items():
        if loader is not None and not len(loader.dataset):  # pyright: ignore[reportArgumentType]
            raise UserError(
                f"{where}: split {split} has no samples, so there is nothing to train on or to score: check the data, "
                "and the task's parameters that choose from them"
            )


@contextmanager
def working(*loaders: DataLoader[Any] | None) -> Iterator[None]:
    """The processes that load data end with the block, and not when a loader's cyclic garbage is collected.

    Of several ranks they also begin with it, and not at their loader's first use: see `distributed.join`.
    """
    parallel = [loader for loader in loaders if loader is not None and loader.num_workers]
    try:
        for loader in parallel if ranks() > 1 else ():
            iter(loader)
        yield
    finally:
        for loader in parallel:
            if isinstance(loader._iterator, _MultiProcessingDataLoaderIter):
                loader._iterator._shutdown_workers()  # torch has no public way


class Preprocessor(BaseDataPreprocessor):
    """Moves a batch to the model's device and normalises uint8 images there."""

    pixel_mean: torch.Tensor
    """(C,): what is taken from pixels in [0, 1]."""
    pixel_std: torch.Tensor
    """(C,): by which they are then divided."""

    def __init__(self, mean: Sequence[float], std: Sequence[float]) -> None:
        super().__init__(non_blocking=True)
        self.register_buffer("mean", torch.tensor(mean).view(1, -1, 1, 1) * 255, persistent=False)
        self.register_buffer("std", torch.tensor(std).view(1, -1, 1, 1) * 255, persistent=False)
        self.register_buffer("pixel_mean", torch.tensor(mean), persistent=False)
        self.register_buffer("pixel_std", torch.tensor(std), persistent=False)

    def forward(self, data: dict[str, Any], training: bool = False) -> dict[str, Any]:
        data = self.cast_data(data)  # pyright: ignore[reportAssignmentType]
        if data["inputs"].dtype == torch.uint8:
            data["inputs"] = data["inputs"].float().sub_(self.mean).div_(self.std)  # large results take new pages
        return data
