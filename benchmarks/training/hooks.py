"""Hooks around the training steps: seeding, watching the losses, reporting."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, cast

import torch
from mmengine.hooks import Hook
from mmengine.runner import EpochBasedTrainLoop, Runner

from .distributed import from_rank_0, mean_over_ranks
from .learner import learner_of

OnValidation = Callable[[int, int, float | None], bool]
"""report(epochs done, epochs in all, validation value or None) -> whether to stop here (pruned)."""


class DivergedError(RuntimeError):
    """A loss became NaN or infinite."""


class SeedHook(Hook):
    """Seeds each step by its number."""

    priority = "VERY_HIGH"

    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None) -> None:
        learner_of(runner).start_step(runner.iter)


class LossHook(Hook):
    """Averages each loss over the epoch, and stops a run whose loss is no longer finite (`DivergedError`).

    The sums stay on the device, and are looked at every `every` steps, so that a GPU is not made to wait at each.
    """

    def __init__(self, every: int = 20) -> None:
        self.every = every
        self.sums: dict[str, torch.Tensor] = {}
        self.steps = 0

    def before_train_epoch(self, runner: Runner) -> None:
        self.sums, self.steps = {}, 0

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: dict[str, Any] | None = None
    ) -> None:
        for name, value in (outputs or {}).items():
            self.sums[name] = self.sums.get(name, 0) + value.detach()
        self.steps += 1
        if self.steps % self.every == 0:
            self.check(runner)

    def after_train_epoch(self, runner: Runner) -> None:
        losses = {name: total / self.steps for name, total in self.check(runner).items()}
        runner.message_hub.update_info("losses", losses)

    def check(self, runner: Runner) -> dict[str, float]:
        """The sums, as means over the ranks."""
        sums = mean_over_ranks({name: float(total) for name, total in self.sums.items()})
        bad = [name for name, total in sums.items() if not math.isfinite(total)]
        if bad:
            last = f"epoch {runner.epoch + 1}, at or before step {runner.iter + 1}"
            raise DivergedError(f"{' and '.join(bad)} became NaN or infinite in {last}; try a smaller lr or penalty")
        return sums


class StrengthHook(Hook):
    """Adds the penalties' shares of the parameter gradient to the losses of an epoch. Comes after `LossHook`."""

    def before_train_epoch(self, runner: Runner) -> None:
        learner_of(runner).strengths.start_epoch(runner.iter)

    def after_train_epoch(self, runner: Runner) -> None:
        strengths = learner_of(runner).strengths
        runner.message_hub.update_info("losses", {**runner.message_hub.get_info("losses"), **strengths.shares()})
        for name, weight in strengths.weights().items():
            if strengths.is_fixed(name) and not (math.isfinite(weight) and weight > 0):
                raise DivergedError(
                    f"{name}: its weight cannot be calibrated to a share: the loss or the penalty had no gradient, or "
                    "none that is finite, on the first steps; give a number"
                )


class TickHook(Hook):
    """Calls `tick` after each step, of evaluations too. What it raises ends the run."""

    def __init__(self, tick: Callable[[], None]) -> None:
        self.tick = tick

    def after_train_iter(self, runner: Runner, batch_idx: int, *_: Any, **__: Any) -> None:
        self.tick()

    after_val_iter = after_test_iter = after_train_iter


class ReportHook(Hook):
    """Reports each validation, and stops a run that is pruned. Comes after everything that an epoch leaves.

    Rank 0 reports, and tells the others the answer, which also keeps them from running ahead of what it writes.
    """

    def __init__(self, metric: str, report: OnValidation) -> None:
        self.metric, self.report = metric, report
        self.pruned = False

    def after_val_epoch(self, runner: Runner, metrics: dict[str, float] | None = None) -> None:
        value = float((metrics or {})[self.metric])
        self.pruned = from_rank_0(lambda: bool(self.report(runner.epoch, runner.max_epochs, value)))
        if self.pruned:
            cast(EpochBasedTrainLoop, runner.train_loop).stop_training = True
