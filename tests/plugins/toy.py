"""A task that trains in a tenth of a second: is the left or the right half of an 8 x 8 image brighter?"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn
from torch.utils.data import Dataset

from provbench.registry import TASKS, Metric, Recipe, Scores, Task, TaskInfo, tunable


class Blobs(Dataset[dict[str, Any]]):
    num_classes = 2

    def __init__(self, name: str, size: int) -> None:
        rng = np.random.default_rng(int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big"))
        self.labels = rng.integers(0, 2, size)
        self.images = rng.normal(0, 1, (size, 3, 8, 8)).astype(np.float32)
        for image, label in zip(self.images, self.labels, strict=True):
            image[:, :, 4 * label : 4 * label + 4] += 0.6
        self.name = name

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: Any) -> dict[str, Any]:
        index, seed = index if isinstance(index, tuple) else (index, None)
        image = torch.from_numpy(self.images[index])
        if seed is not None:
            image = image + 0.1 * torch.randn(image.shape, generator=torch.Generator().manual_seed(seed))
        return {
            "image": image,
            "label": int(self.labels[index]),
            "id": f"{self.name}/{index}",
            "mask": torch.ones(1, 8, 8, dtype=torch.uint8),
            "guided": False,
        }


class ToyNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(3, 8, 3, 2, 1), nn.GELU(), nn.Dropout(0.1), nn.Flatten(), nn.Linear(128, 2)
        )

    def forward(self, inputs: Tensor) -> Tensor:
        return self.layers(inputs)


class ToyParams(Recipe):
    model: str = "toy"
    epochs: int = Field(3, ge=1)
    batch_size: int = 16
    lr: float = tunable(0.05, low=1e-3, high=1.0, log=True)
    train_size: int = 64
    fail: str = ""


class Toy(Task):
    """Which half of a noisy image is brighter."""

    Params = ToyParams
    params: ToyParams
    folder = "toy"
    info: ClassVar[TaskInfo] = TaskInfo(
        title="Toy",
        metrics=(Metric("accuracy", "share of right predictions"), Metric("confidence", "mean largest probability")),
        selection={"val": "accuracy", "worst-group": "confidence", "oracle": "confidence"},
        licence="none",
        citation="none",
        homepage="none",
    )

    def prepare(self, progress: Any) -> None:
        self.root.mkdir(parents=True, exist_ok=True)

    def fingerprint(self) -> str:
        return f"toy-{self.params.train_size}"

    def verify(self, progress: Any) -> list[str]:
        return []

    def training_set(self) -> Any:
        return Blobs("train", self.params.train_size)

    def train_data(self, synthetic: Path | None) -> Dataset[Any]:
        return Blobs("train", self.params.train_size)

    def eval_data(self, split: str) -> Dataset[Any]:
        return Blobs(split, 40)

    def build_model(self) -> nn.Module:
        if self.params.fail:
            raise RuntimeError(self.params.fail)
        return ToyNet()

    def predict(self, model: nn.Module, inputs: Tensor, labels: Tensor) -> list[dict[str, Any]]:
        probabilities = model(inputs).softmax(1)
        return [
            {"label": int(label), "predicted": int(row.argmax()), "confidence": float(row.max())}
            for label, row in zip(labels, probabilities, strict=True)
        ]

    def score(self, split: str, ids: Sequence[str], predictions: Sequence[dict[str, Any]]) -> Scores:
        correct = np.array([row["label"] == row["predicted"] for row in predictions])
        confidence = np.array([row["confidence"] for row in predictions])
        metrics = {"accuracy": 100 * float(correct.mean()), "confidence": 100 * float(confidence.mean())}
        return Scores(metrics, {"id": np.array(ids), "correct": correct, "confidence": confidence})

    @property
    def normalization(self) -> tuple[Sequence[float], Sequence[float]]:
        return (0.0,) * 3, (1.0,) * 3


TASKS.add("toy", Toy)
