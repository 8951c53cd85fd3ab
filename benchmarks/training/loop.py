"""The one training loop: a task and a method in, scores out, on mmengine's Runner."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from mmengine.evaluator import Evaluator
from mmengine.hooks import Hook
from torch.utils.data import DataLoader

from provbench.registry import Augmentation, Keep, Recipe, Regularizer, Task, budget_of, steps_of
from provbench.registry.base import derive_seed

from .budget import ClockHook, PeriodLoop, StreamSampler
from .checkpoints import Checkpoints
from .curve import CurveHook, curve, losses_by_epoch, validations
from .data import SeededSampler, eval_loader, require_samples, train_loader, working
from .distributed import BuffersHook, from_rank_0, is_rank_0, join, part_of_batch, ranks
from .groups import sampling_weights
from .hooks import LossHook, OnValidation, ReportHook, SeedHook, StrengthHook, TickHook
from .learner import Learner, learner_of
from .optim import build_optimizer, schedule, schedule_over
from .pictures import Draw, save_pictures
from .probe import build_probe
from .runner import BenchmarkRunner, TaskMetric, loadable
from .step_clock import StepClock, seconds_per_step
from .tested_curve import CurveOnTestHook, tested_curve


@dataclass
class Outcome:
    """Result of a training: metrics by name, the curve, and the test predictions, one row a sample."""

    val: dict[str, float]
    test: dict[str, float]
    curve: list[dict[str, float]]
    epoch: int
    steps: int
    pruned: bool
    predictions: dict[str, dict[str, np.ndarray]] = field(default_factory=dict)
    test_curve: list[dict[str, float]] = field(default_factory=list)
    seconds_per_step: float = 0.0
    calibrated: dict[str, float] = field(default_factory=dict)
    """Weights that were calibrated to a share of the parameter gradient, as `gradient-guidance.alpha`."""


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
    report: OnValidation = lambda epoch, epochs, value: False,
    tick: Callable[[], None] = lambda: None,
    workers: int = 0,
    keep: Keep = "none",
    pictures: int = 0,
    draw: Sequence[Draw] = (),
    higher_is_better: bool = True,
) -> Outcome:
    """Train, and score the recipe's epoch (the last, or the best by `selection_metric` on val).

    seed: every random draw of the run derives from it. work_dir: holds what an interrupted run is resumed from, and at
    the end the weights that `keep` asks for as `weights/epoch_<number>.safetensors`, state dicts of the network, and up
    to `pictures` pictures of test samples as `pictures/<name>.png`, with those of `draw`. test: whether the test split
    is scored at all. report: called after every validated epoch; if it returns True, the run stops, pruned. workers:
    processes that load data. higher_is_better: of the selection metric. tick: called after each step; what it raises
    ends the run. Raises `DivergedError` when a loss is no longer finite, and `UserError` where a split has no samples.

    On a CPU with one number of threads, the outcome is the same to the last bit, interrupted or not.

    Ranks train together, as `distributed` describes; rank 0 writes, reports and scores, and its outcome counts.
    """
    work_dir.mkdir(parents=True, exist_ok=True)
    torch.use_deterministic_algorithms(True, warn_only=torch.cuda.is_available())
    loaders = _loaders(task, synthetic, seed, workers, test)
    with working(*loaders):
        join()
        learner = Learner(task, augmentation, regularizers, seed)
        test_metric = TaskMetric(task, "test")
        checkpoints = Checkpoints(work_dir, selection_metric, task.params.checkpoint, keep, higher_is_better)
        reports = ReportHook(selection_metric, report)
        hooks = [*_hooks(task, learner.data_preprocessor, test), checkpoints, reports, TickHook(tick)]
        runner = _runner(learner, loaders, test_metric, hooks, checkpoints.resume_file, derive_seed(seed, "init"))
        try:
            runner.train()
            checkpoints.leave(runner)
            scored = checkpoints.restore(runner)
            scores = runner.test() if test and not reports.pruned else {}
        finally:
            runner.forget()
    if scores and pictures and is_rank_0():
        save_pictures(task, learner.net, pictures, work_dir / "pictures", draw)
    predictions = {"test": test_metric.samples} if scores else {}
    return _outcome(runner, scored["metrics"], scores, scored["epoch"], reports.pruned, predictions)


class _Loaders(NamedTuple):
    """The loaders of a training by split. test: None where the test split is not scored."""

    train: DataLoader[Any]
    val: DataLoader[Any]
    test: DataLoader[Any] | None


def _loaders(task: Task, synthetic: Path | None, seed: int, workers: int, test: bool) -> _Loaders:
    """Returns this rank's loaders. Raises `UserError` where a split has no samples."""
    part = part_of_batch(task.params.batch_size)
    samples = task.train_data(synthetic)
    weights, by_epochs = sampling_weights(task, samples), budget_of(task.params.model_dump())[0] == "epochs"
    sampler = SeededSampler(samples, seed, weights) if by_epochs else StreamSampler(samples, seed, part, weights)
    loaders = _Loaders(
        train_loader(samples, part, seed, workers, sampler),
        eval_loader(task.eval_data("val"), part, workers),
        eval_loader(task.eval_data("test"), part, workers) if test else None,
    )
    require_samples(str(task.root), loaders._asdict())
    return loaders


def _hooks(task: Task, preprocess: Any, test: bool) -> list[Hook]:
    """Returns the hooks that see an epoch before it is kept and reported, in the order in which they see it."""
    recipe = task.params
    return [
        SeedHook(),
        *([ClockHook(recipe)] if budget_of(recipe.model_dump())[0] == "seconds" else []),
        LossHook(),
        StepClock(),
        StrengthHook(),
        BuffersHook(),
        *reliance_hooks(task, preprocess, test),
        *([CurveOnTestHook()] if test and recipe.test_curve else []),
        CurveHook(build_probe(task, preprocess) if task.probe else None),
    ]


def _runner(
    learner: Learner, loaders: _Loaders, test_metric: TaskMetric, hooks: list[Hook], resume_file: Path, seed: int
) -> BenchmarkRunner:
    """Returns the runner in the folder of `resume_file`, from which it goes on where that can be loaded."""
    task, recipe, test = learner.task, learner.task.params, loaders.test is not None
    unit, _ = budget_of(recipe.model_dump())
    resume = from_rank_0(lambda: loadable(resume_file))
    return BenchmarkRunner(
        model=learner,
        work_dir=str(resume_file.parent),
        train_dataloader=loaders.train,
        train_cfg={"by_epoch": True, "max_epochs": recipe.epochs, "val_interval": recipe.val_every}
        if unit == "epochs"
        else {"type": PeriodLoop, "recipe": recipe},
        val_dataloader=loaders.val,
        val_cfg={},
        val_evaluator=Evaluator([TaskMetric(task, "val")]),
        test_dataloader=loaders.test,
        test_cfg={} if test else None,
        test_evaluator=Evaluator([test_metric]) if test else None,
        optim_wrapper=build_optimizer(learner.net, recipe),
        param_scheduler=_schedulers(recipe, unit, len(loaders.train)) or None,
        default_hooks={"runtime_info": None, "timer": None, "logger": None, "checkpoint": None},
        custom_hooks=hooks,
        load_from=str(resume_file) if resume else None,
        resume=resume,
        launcher="pytorch" if ranks() > 1 else "none",
        randomness={"seed": seed % 2**32},
    )


def _outcome(
    runner: BenchmarkRunner,
    val: dict[str, float],
    test: Mapping[str, float],
    epoch: int,
    pruned: bool,
    predictions: dict[str, dict[str, np.ndarray]],
) -> Outcome:
    scores = {name: float(value) for name, value in test.items()}
    entries = curve(validations(runner), losses_by_epoch(runner))
    learner = learner_of(runner)
    found = learner.strengths.weights()
    weights = {f"{one.name}.{one.weight}": found[one.name] for one in learner.regularizers if one.name in found}
    return Outcome(
        val,
        scores,
        entries,
        epoch,
        runner.iter,
        pruned,
        predictions,
        tested_curve(runner),
        seconds_per_step(runner),
        weights,
    )


def _schedulers(recipe: Recipe, unit: str, steps_per_epoch: int) -> list[dict[str, Any]]:
    """Returns the schedule over the recipe's budget; that over seconds is the clock's."""
    if unit == "seconds":
        return []
    return (
        schedule(recipe, steps_per_epoch) if unit == "epochs" else schedule_over(recipe, steps_of(recipe.model_dump()))
    )


def reliance_hooks(task: Task, preprocess: Any, test: bool) -> list[Hook]:
    """Returns the hook that measures the reliance on backgrounds, where the recipe asks for it."""
    if not task.params.reliance:
        return []
    from .reliance import RelianceHook, reliance_probe

    return [
        RelianceHook(*(reliance_probe(task, split, preprocess) for split in (("val", "test") if test else ("val",))))
    ]
