"""From data set items to batches: seeded sampling, collation, normalisation on the device.

An item is a dict: `image` uint8 tensor (3, H, W), or a float tensor (C, *spatial) that is taken as it is; `label` int;
`id` str; `mask` uint8 tensor (1, *spatial), 1 on the target where `guided`; `guided` bool, whether the mask says
something. Training items are asked for by `(index, seed)`, evaluation items by `index`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from mmengine.dataset import DefaultSampler
from mmengine.model import BaseDataPreprocessor
from torch.utils.data import DataLoader, Dataset

from .seeds import derive_seed


class SeededSampler(DefaultSampler):
    """Yields `(index, seed)`: mmengine's sampler, shuffled by the run's seed and the epoch, with a seed a sample."""

    def __init__(self, dataset: Any, seed: int) -> None:
        super().__init__(dataset, shuffle=True, seed=derive_seed(seed, "order"), round_up=True)
        self.run_seed = seed

    def __iter__(self) -> Iterator[Any]:
        for index in super().__iter__():
            yield index, derive_seed(self.run_seed, "transform", self.epoch, index)


def collate(items: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Items to a batch: `inputs`, `labels`, `masks`, `guided`, `ids`."""
    return {
        "inputs": torch.stack([item["image"] for item in items]),
        "labels": torch.tensor([item["label"] for item in items]),
        "masks": torch.stack([item["mask"] for item in items]),
        "guided": torch.tensor([item["guided"] for item in items]),
        "ids": [item["id"] for item in items],
    }


def train_loader(dataset: Dataset[Any], batch_size: int, seed: int, workers: int) -> DataLoader[Any]:
    return DataLoader(
        dataset,
        batch_size,
        sampler=SeededSampler(dataset, seed),
        collate_fn=collate,
        num_workers=workers,
        persistent_workers=workers > 0,
        pin_memory=torch.cuda.is_available(),
    )


def eval_loader(dataset: Dataset[Any], batch_size: int, workers: int) -> DataLoader[Any]:
    return DataLoader(
        dataset,
        batch_size,
        sampler=DefaultSampler(dataset, shuffle=False),  # pyright: ignore[reportArgumentType]
        collate_fn=collate,
        num_workers=workers,
        pin_memory=torch.cuda.is_available(),
    )


class Preprocessor(BaseDataPreprocessor):
    """Moves a batch to the model's device and normalises uint8 images there."""

    def __init__(self, mean: Sequence[float], std: Sequence[float]) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(mean).view(1, -1, 1, 1) * 255, persistent=False)
        self.register_buffer("std", torch.tensor(std).view(1, -1, 1, 1) * 255, persistent=False)

    def forward(self, data: dict[str, Any], training: bool = False) -> dict[str, Any]:
        data = self.cast_data(data)  # pyright: ignore[reportAssignmentType]
        if data["inputs"].dtype == torch.uint8:
            data["inputs"] = (data["inputs"].float() - self.mean) / self.std
        return data
