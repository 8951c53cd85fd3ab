"""The toy task with the three ways to validate: a set beside the training samples, folds of these, nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

from torch.utils.data import Dataset, Subset

from provbench.registry import TASKS, ProtocolRules, TaskInfo

Toy: Any = TASKS.get("toy")
"""The toy task, whose plugin is loaded before."""
Blobs: Any = Toy.eval_data.__globals__["Blobs"]


class FoldedParams(Toy.Params):
    validation: str = "large"
    folds: int = 3
    fold: int = 0


class Folded(Toy):
    """Which half of a noisy image is brighter."""

    Params = FoldedParams
    info: ClassVar[TaskInfo] = replace(
        Toy.info,
        selection={"large": "accuracy", "support-only": "accuracy", "none": "accuracy"},
        rules={
            "support-only": ProtocolRules(
                trials={"validation": "support"}, folds=("folds", "fold"), validates=False, words="folds choose"
            ),
            "none": ProtocolRules(finals={"checkpoint": "last"}, searches=False, validates=False),
        },
    )

    def _fold(self, held_out: bool) -> Dataset[Any]:
        data = Blobs("train", self.params.train_size)
        places = [place for place in range(len(data)) if (place % self.params.folds == self.params.fold) == held_out]
        return Subset(data, places)

    def train_data(self, synthetic: Path | None) -> Dataset[Any]:
        if self.params.validation == "support":
            return Seeded(self._fold(held_out=False))
        return super().train_data(synthetic)

    def eval_data(self, split: str) -> Dataset[Any]:
        return (
            self._fold(held_out=True)
            if (split, self.params.validation) == ("val", "support")
            else super().eval_data(split)
        )


class Seeded(Dataset[Any]):
    """A part of a training set, asked for by place and seed."""

    def __init__(self, part: Any) -> None:
        self.part = part

    def __len__(self) -> int:
        return len(self.part)

    def __getitem__(self, index: Any) -> Any:
        return self.part.dataset[self.part.indices[index[0]], index[1]]


TASKS.add("folded", Folded)
