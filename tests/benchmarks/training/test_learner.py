"""What a training step runs the network in, and what it measures on the way."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from provbench.benchmarks.training.learner import Learner
from provbench.registry import AUGMENTATIONS, REGULARIZERS, TASKS


def learner_of(tmp_path: Path, *regularizers: Any, **params: Any) -> Learner:
    cls = TASKS.get("steady")
    task = cls(cls.Params(**params), variant="mini", data_root=tmp_path)
    return Learner(task, AUGMENTATIONS.build("cutmix", prob=1), regularizers, seed=0)


def batch(size: int = 8) -> dict[str, Any]:
    torch.manual_seed(0)
    mask = torch.zeros(size, 1, 8, 8)
    mask[..., :4] = 1
    guided = torch.ones(size, dtype=torch.bool)
    labels = torch.arange(size) % 2
    ids = [str(number) for number in range(size)]
    return {"inputs": torch.randn(size, 3, 8, 8), "labels": labels, "masks": mask, "guided": guided, "ids": ids}


class Watched(nn.Module):
    """Notes in which precision a network answers."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net, self.seen = net, list[torch.dtype]()

    def forward(self, inputs: Tensor) -> Tensor:
        logits = self.net(inputs)
        self.seen.append(logits.dtype)
        return logits


@pytest.mark.parametrize(
    ("precision", "expected"), [({}, torch.bfloat16), ({"penalty_precision": "fp32"}, torch.float32)]
)
def test_steps_that_differentiate_twice_stay_in_bfloat16_unless_fp32_is_asked_for(
    tmp_path: Path, precision: dict[str, str], expected: torch.dtype
) -> None:
    learner = learner_of(tmp_path, REGULARIZERS.build("gradient-guidance"), precision="bf16", **precision)
    learner.net = Watched(learner.net)
    with torch.autocast("cpu", torch.bfloat16):
        losses = learner(**batch(), mode="loss")
    assert learner.net.seen == [expected]
    assert losses["loss_gradient-guidance"].dtype == torch.float32
    assert losses["loss_gradient-guidance"] > 0
