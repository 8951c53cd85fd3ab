"""A toy without dropout whose training samples are guided, and an augmentation that brings one rank into trouble."""

from __future__ import annotations

import os
import signal
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn

from provbench.benchmarks.training.distributed import rank
from provbench.registry import AUGMENTATIONS, TASKS, Augmentation, Batch, Params

Toy: Any = TASKS.get("toy")


class Guided(torch.utils.data.Dataset):  # type: ignore[type-arg]
    """Training samples whose target is the half that is brighter."""

    def __init__(self, samples: Any) -> None:
        self.samples = samples

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, index: Any) -> dict[str, Any]:
        item = self.samples[index]
        mask = torch.zeros(1, 8, 8, dtype=torch.uint8)
        mask[:, :, 4 * item["label"] : 4 * item["label"] + 4] = 1
        return {**item, "mask": mask, "guided": True}


class Net(nn.Module):
    def __init__(self, normalized: bool, unused: bool) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 8, 3, 2, 1)
        self.norm = nn.BatchNorm2d(8) if normalized else nn.Identity()
        self.last = nn.Linear(128, 2)
        self.unused = nn.Linear(3, 3) if unused else None

    def forward(self, inputs: Tensor) -> Tensor:
        return self.last(nn.functional.gelu(self.norm(self.first(inputs))).flatten(1))


class SteadyParams(Toy.Params):
    gradient_probe: int = 0
    normalized: bool = False
    unused: bool = False
    weighted: bool = False
    eval_size: int = 37


class Steady(Toy):
    """Which half of a noisy image is brighter, with provenance."""

    Params = SteadyParams
    params: SteadyParams
    folder = "toy"
    probe = "cutmix"

    def train_data(self, synthetic: Any) -> Any:
        return Guided(super().train_data(synthetic))

    def eval_data(self, split: str) -> Any:
        return torch.utils.data.Subset(super().eval_data(split), range(self.params.eval_size))

    def build_model(self) -> nn.Module:
        return Net(self.params.normalized, self.params.unused)

    def class_weight(self) -> Tensor | None:
        return torch.tensor([0.5, 3.0]) if self.params.weighted else None

    def pictures(self, model: nn.Module, count: int) -> dict[str, np.ndarray]:
        if count > 3:
            raise ValueError("there are three")
        assert not model.training
        return {f"half/{number}.jpg": np.full((4, 6, 3), 80 * number, np.uint8) for number in range(count)}


class TroubleParams(Params):
    rank: int = 1
    step: int = 3
    kind: Literal["raise", "kill", "exit", "nan", "memory"] = "raise"


class Trouble(Augmentation):
    """Leaves batches as they are until one rank reaches a step."""

    Params = TroubleParams
    params: TroubleParams
    steps = 0

    def __call__(self, batch: Batch, generator: Any, model: Any) -> Batch:
        self.steps += 1
        if rank() != self.params.rank or self.steps != self.params.step:
            return batch
        if self.params.kind == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if self.params.kind == "exit":
            os._exit(7)
        if self.params.kind == "nan":
            return batch.with_inputs(batch.inputs * float("nan"))
        if self.params.kind == "memory":
            raise RuntimeError("CUDA error: out of memory")
        raise ZeroDivisionError("this rank divides by zero")


TASKS.add("steady", Steady)
AUGMENTATIONS.add("trouble", Trouble)
