"""The reliance probe, on networks that look at one half of the picture only."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.utils.data import Dataset

from provbench.benchmarks.training.reliance import RelianceProbe
from provbench.registry import EXCHANGED, RELIANCE


class Halves(Dataset[dict[str, Any]]):
    """Pictures whose left half is the target and whose right half the background; both have the class's brightness."""

    def __len__(self) -> int:
        return 40

    def __getitem__(self, place: int) -> dict[str, Any]:
        label = place % 2
        pairs = [(label, label), (label, 1 - label), (1 - label, label)]
        pictures = torch.stack(
            [torch.tensor([target, background]).float().view(1, 1, 2) for target, background in pairs]
        )
        return {"images": pictures, "label": label, "id": str(place)}


class Reader(nn.Module):
    """Logits from weighted brightness of target and background."""

    def __init__(self, target: float, background: float) -> None:
        super().__init__()
        self.weight = torch.tensor([target, background])

    def forward(self, inputs: Tensor) -> Tensor:
        score = ((inputs.flatten(1) - 0.5) * self.weight).sum(dim=1)
        return torch.stack([-score, score], dim=1)


@pytest.mark.parametrize(
    ("target", "background", "accuracy", "reliance"),
    [(1.0, 0.0, 100, 0), (0.0, 1.0, 0, 100), (3.0, 1.0, 100, 25), (1.0, 3.0, 0, 75)],
)
def test_by_hand(target: float, background: float, accuracy: float, reliance: float) -> None:
    probe = RelianceProbe(Halves(), lambda batch: batch)
    for _ in range(2):  # the second time from memory
        found = probe.measure(Reader(target, background))
        assert found[EXCHANGED] == accuracy
        assert found[RELIANCE] == pytest.approx(reliance)


def test_a_network_that_looks_at_nothing_has_no_reliance() -> None:
    assert RELIANCE not in RelianceProbe(Halves(), lambda batch: batch).measure(Reader(0.0, 0.0))
