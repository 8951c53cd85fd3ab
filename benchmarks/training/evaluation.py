"""A task's scores as an mmengine metric, so that its loops (and its collection over processes) evaluate it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from mmengine.evaluator import BaseMetric

from provbench.registry import Task


class TaskMetric(BaseMetric):
    """Collects the predictions of a split, of all ranks, and has the task score them, in rank 0.

    Each sample counts once, in the data set's order. `samples` keeps the last per-sample rows, in rank 0.
    """

    default_prefix = ""

    def __init__(self, task: Task, split: Literal["val", "test"]) -> None:
        super().__init__(collect_device="gpu")  # by messages, on CPUs too; mmengine's other way is a folder of pickles
        self.task = task
        self.split: Literal["val", "test"] = split
        self.samples: dict[str, np.ndarray] = {}

    def process(self, data_batch: Any, data_samples: Sequence[dict[str, Any]]) -> None:
        self.results.extend(data_samples)

    def compute_metrics(self, results: list[dict[str, Any]]) -> dict[str, float]:
        scores = self.task.score(self.split, [str(result["id"]) for result in results], results)
        self.samples = scores.samples
        return dict(scores.metrics)
