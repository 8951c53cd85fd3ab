"""What tells two training sets apart."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from provbench.registry import MissingDataError
from provbench.registry.synthesizers.set_digest import training_digest


@dataclass
class Plain:
    """A training set of a plugin's, which knows no digest."""

    ids: tuple[str, ...] = ("a", "b")
    labels: tuple[int, ...] = (0, 1)
    shades: tuple[int, ...] = (10, 20)
    outlined: tuple[int, ...] | None = (3, 4)
    num_classes: int = 2
    folder: Path = field(default=Path())

    def __len__(self) -> int:
        return len(self.ids)

    def sample_id(self, index: int) -> str:
        return self.ids[index]

    def label(self, index: int) -> int:
        return self.labels[index]

    def image(self, index: int) -> np.ndarray:
        return np.full((4, 6, 3), self.shades[index], np.uint8)

    def segmentation(self, index: int) -> np.ndarray:
        if self.outlined is None:
            raise MissingDataError("none")
        return np.arange(24).reshape(4, 6) < self.outlined[index]


def test_everything_that_is_read_counts_and_nothing_else() -> None:
    data = Plain()
    changed = [
        replace(data, ids=("a", "c")),
        replace(data, labels=(0, 0)),
        replace(data, shades=(10, 21)),
        replace(data, num_classes=3),
        replace(data, ids=("b", "a"), labels=(1, 0), shades=(20, 10), outlined=(4, 3)),
        replace(data, ids=("a",), labels=(0,)),
    ]
    for segmentations in (False, True):
        assert len({training_digest(one, segmentations) for one in (data, *changed)}) == 1 + len(changed)
    assert training_digest(replace(data, folder=Path("elsewhere")), True) == training_digest(data, True)


def test_segmentations_count_if_they_are_asked_for() -> None:
    data, other, none = Plain(), Plain(outlined=(3, 5)), Plain(outlined=None)
    assert training_digest(data, False) == training_digest(other, False) == training_digest(none, False)
    assert len({training_digest(one, True) for one in (data, other, none)}) == 3
