"""Tiny models with random weights, and a training set of drawn images, for the tests of generation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest

from provbench.registry import MissingDataError

SIDE = 16


class Drawn:
    """A training set of squares of a colour for each class, with descriptions and outlines."""

    def __init__(
        self,
        folder: Path,
        labels: Sequence[int] = (0, 0, 1, 1),
        names: Sequence[str] = ("red gull", "blue gull"),
        segmented: bool = True,
    ) -> None:
        self.folder, self.labels, self.names, self.segmented = folder, tuple(labels), tuple(names), segmented
        self.num_classes = len(names)

    def __len__(self) -> int:
        return len(self.labels)

    def sample_id(self, index: int) -> str:
        return f"class {self.labels[index]}/{index}.png"

    def label(self, index: int) -> int:
        return self.labels[index]

    def image(self, index: int) -> np.ndarray:
        image = np.full((SIDE, SIDE + 4, 3), 40 + 20 * index, np.uint8)
        image[self._target()] = (250, 0, 0) if self.labels[index] == 0 else (0, 0, 250)
        return image

    def segmentation(self, index: int) -> np.ndarray:
        if not self.segmented:
            raise MissingDataError("no outlines")
        return self._target()

    def class_names(self) -> Sequence[str]:
        return self.names

    def context(self, index: int) -> Mapping[str, str]:
        return {"background": f"place {index}", "pose": f"turn {index % 2}"}

    def _target(self) -> np.ndarray:
        mask = np.zeros((SIDE, SIDE + 4), bool)
        mask[4:12, 6:14] = True
        return mask


@pytest.fixture
def drawn(tmp_path: Path) -> Drawn:
    folder = tmp_path / "drawn"
    folder.mkdir()
    return Drawn(folder)


@pytest.fixture(scope="session")
def tiny_model(tiny_stable_diffusion: Path) -> Path:
    return tiny_stable_diffusion


@pytest.fixture
def tiny_generator(tiny_model: Path) -> dict[str, object]:
    """Returns the tiny model as a suite names it."""
    return {"name": "stable-diffusion", "model": str(tiny_model), "size": 16}
