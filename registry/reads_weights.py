"""The pretrained weights that parts of recipes read, as these parts tell them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from .base import Pretrained
from .core import Registry

PRETRAINED = Registry("network with known pretrained weights")
"""Functions of (model, weights, weights_dir) by the names of networks: each returns a list of the `Pretrained` that the
network reads for that value of its parameter `weights`; [] where that is not known. They import no torch.
"""


class ReadsWeights:
    """A part of a recipe that may read pretrained weights: a task, a synthesizer or one of its seams, a regularizer."""

    def weights(self, weights_dir: Path | None) -> Sequence[Pretrained]:
        """Returns the weights that it reads; cheap. Reads no data, imports no torch, and fetches nothing.

        weights_dir: the data root's folder of weights; None where the caller knows none.
        """
        return ()

    def missing_weights(self, weights_dir: Path | None = None) -> list[str]:
        """Returns one message, with its remedy, for each of them that is missing."""
        return [problem for one in self.weights(weights_dir) for problem in one.problems()]


def weights_of(model: str, weights: str | None, weights_dir: Path | None) -> list[Pretrained]:
    """Returns the pretrained weights that a network reads, as far as these are known; [] for random ones."""
    if weights is None or model not in PRETRAINED:
        return []
    return list(PRETRAINED.get(model)(model, weights, weights_dir))


def weights_folder(data_root: Path) -> Path:
    """Returns the folder of a data root that pretrained weights may be put into."""
    return data_root / "weights"
