"""The one training loop: a task and a method in, scores out, on mmengine's Runner."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from mmengine.evaluator import Evaluator

from ...registry import Augmentation, Regularizer, Task
from .data import eval_loader, train_loader
from .evaluation import TaskMetric
from .hooks import CurveHook, LossHook, Report, ResumeHook, SeedHook, write_atomically
from .learner import Learner
from .optim import build_optimizer, schedule
from .runner import BenchmarkRunner, loadable
from .seeds import derive_seed


@dataclass
class Outcome:
    """What a training came to: metrics by name, the curve, and the test predictions, one row a sample."""

    val: dict[str, float]
    test: dict[str, float]
    curve: list[dict[str, float]]
    epoch: int
    steps: int
    pruned: bool
    predictions: dict[str, dict[str, np.ndarray]] = field(default_factory=dict)


def train(
    task: Task,
    *,
    augmentation: Augmentation | None = None,
    regularizers: Sequence[Regularizer] = (),
    synthetic: Path | None = None,
    seed: int,
    work_dir: Path,
    selection_metric: str,
    test: bool,
    report: Report = lambda epoch, epochs, value: False,
    workers: int = 0,
) -> Outcome:
    """Train, and score the recipe's epoch (the last, or the best by `selection_metric` on val).

    seed: every random draw of the run derives from it. work_dir: holds the checkpoint that an interrupted run is
    resumed from, and at the end `weights.pth`, the network's state dict. test: whether the test split is scored at all.
    report: told of every validated epoch; when it answers True, the run stops, pruned. workers: processes that load
    data. Raises `DivergedError` when a loss is no longer finite.

    On a CPU with one number of threads, the outcome is the same to the last bit, interrupted or not.
    """
    recipe = task.params
    work_dir.mkdir(parents=True, exist_ok=True)
    torch.use_deterministic_algorithms(True, warn_only=torch.cuda.is_available())
    loader = train_loader(task.train_data(synthetic), recipe.batch_size, seed, workers)
    learner = Learner(task, augmentation, regularizers, seed)
    test_metric = TaskMetric(task, "test")
    curve = CurveHook(selection_metric, report, work_dir / "best.pth" if recipe.checkpoint == "best" else None)
    checkpoint = work_dir / "resume.pth"
    resume = loadable(checkpoint)
    runner = BenchmarkRunner(
        model=learner,
        work_dir=str(work_dir),
        train_dataloader=loader,
        train_cfg={"by_epoch": True, "max_epochs": recipe.epochs, "val_interval": recipe.val_every},
        val_dataloader=eval_loader(task.eval_data("val"), recipe.batch_size, workers),
        val_cfg={},
        val_evaluator=Evaluator([TaskMetric(task, "val")]),
        test_dataloader=eval_loader(task.eval_data("test"), recipe.batch_size, workers) if test else None,
        test_cfg={} if test else None,
        test_evaluator=Evaluator([test_metric]) if test else None,
        optim_wrapper=build_optimizer(learner.net, recipe),
        param_scheduler=schedule(recipe, len(loader)) or None,
        default_hooks={"runtime_info": None, "timer": None, "logger": None, "checkpoint": None},
        custom_hooks=[SeedHook(), LossHook(), curve, ResumeHook(checkpoint)],
        load_from=str(checkpoint) if resume else None,
        resume=resume,
        randomness={"seed": derive_seed(seed, "init") % 2**32},
    )
    try:
        runner.train()
        scored = curve.restore(runner)
        write_atomically(work_dir / "weights.pth", learner.net.state_dict())
        scores = runner.test() if test and not curve.pruned else {}
        return Outcome(
            val=scored["metrics"],
            test={name: float(value) for name, value in scores.items()},
            curve=runner.message_hub.get_info("curve"),
            epoch=scored["epoch"],
            steps=runner.iter,
            pruned=curve.pruned,
            predictions={"test": test_metric.samples} if scores else {},
        )
    finally:
        runner.forget()
