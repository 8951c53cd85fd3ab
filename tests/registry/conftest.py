"""Batches and small networks for the tests of the built-in plugins."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
import torch
from torch import Tensor, nn

from provbench.registry import Batch, Source


@pytest.fixture(autouse=True)
def _reproducible() -> None:
    torch.manual_seed(0)
    torch.set_num_threads(1)


@pytest.fixture
def make_generator() -> Callable[[int], torch.Generator]:
    return lambda seed: torch.Generator().manual_seed(seed)


@pytest.fixture
def make_batch() -> Callable[..., Batch]:
    """make(shape, labels, masks): one source a sample; guided with `masks` (B, 1, *spatial), untouched without."""

    def make(shape: Sequence[int], labels: Sequence[int] | None = None, masks: Tensor | None = None) -> Batch:
        count = shape[0]
        inputs = torch.randn(*shape)
        batch = Batch.untouched(inputs, torch.tensor(labels or list(range(count))), [f"s{i}" for i in range(count)])
        if masks is None:
            return batch
        (source,) = batch.sources
        guided = Source(source.labels, source.weight, masks.float(), torch.ones(count, dtype=torch.bool))
        return Batch(inputs, (guided,), batch.ids)

    return make


@pytest.fixture
def make_net() -> Callable[..., nn.Module]:
    """make(shape, classes): a smooth two-layer net on inputs (B, *shape), with second derivatives everywhere."""

    def make(shape: Sequence[int], classes: int = 4, hidden: int = 6) -> nn.Module:
        size = int(torch.tensor(shape).prod())
        return nn.Sequential(nn.Flatten(), nn.Linear(size, hidden), nn.Tanh(), nn.Linear(hidden, classes))

    return make
