"""What happens around the training steps: seeding, watching the losses, validation, checkpoints."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import torch
from mmengine.hooks import Hook
from mmengine.runner import EpochBasedTrainLoop, Runner

from .learner import Learner

Report = Callable[[int, int, float | None], bool]
"""report(epochs done, epochs in all, validation value or None) -> whether to stop here (pruned)."""


class DivergedError(RuntimeError):
    """A loss became NaN or infinite."""


def learner_of(runner: Runner) -> Learner:
    return cast(Learner, getattr(runner.model, "module", runner.model))


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
        self.check(runner)
        runner.message_hub.update_info("losses", {name: float(total) / self.steps for name, total in self.sums.items()})

    def check(self, runner: Runner) -> None:
        bad = [name for name, total in self.sums.items() if not math.isfinite(float(total))]
        if bad:
            last = f"epoch {runner.epoch + 1}, at or before step {runner.iter + 1}"
            raise DivergedError(f"{' and '.join(bad)} became NaN or infinite in {last}; try a smaller lr or penalty")


class CurveHook(Hook):
    """Keeps the curve and the best weights, reports each epoch's validation value, and stops a pruned run.

    The curve and the validation metrics of the epoch to be scored live in the message hub, which mmengine's
    checkpoints carry. best_file: where the best epoch's weights go; None if the last epoch is the one to be scored.
    """

    def __init__(self, metric: str, report: Report, best_file: Path | None) -> None:
        self.metric, self.report, self.best_file = metric, report, best_file
        self.pruned = False

    def before_train(self, runner: Runner) -> None:
        if "curve" not in runner.message_hub.runtime_info:
            runner.message_hub.update_info("curve", [])
            runner.message_hub.update_info("scored", {"epoch": 0, "metrics": {}})

    def after_val_epoch(self, runner: Runner, metrics: dict[str, float] | None = None) -> None:
        metrics = {name: float(value) for name, value in (metrics or {}).items()}
        hub = runner.message_hub
        hub.update_info(
            "curve", [*hub.get_info("curve"), {"epoch": float(runner.epoch), **hub.get_info("losses"), **metrics}]
        )
        best = hub.get_info("scored")["metrics"].get(self.metric, -math.inf)
        if self.best_file is None or metrics[self.metric] > best:
            hub.update_info("scored", {"epoch": runner.epoch, "metrics": metrics})
            if self.best_file is not None:
                write_atomically(self.best_file, learner_of(runner).net.state_dict())
        self.pruned = self.report(runner.epoch, runner.max_epochs, metrics[self.metric])
        if self.pruned:
            cast(EpochBasedTrainLoop, runner.train_loop).stop_training = True

    def restore(self, runner: Runner) -> dict[str, Any]:
        """Give the network the weights of the epoch to be scored; its `epoch` and its validation `metrics`."""
        scored = runner.message_hub.get_info("scored")
        if scored["epoch"] == 0:
            raise DivergedError(f"{self.metric} was not a number in any epoch")
        if self.best_file is not None:
            learner_of(runner).net.load_state_dict(torch.load(self.best_file, weights_only=True))
        return scored


class ResumeHook(Hook):
    """Writes one checkpoint before each epoch but the first, after the validation of the last one, by renaming.

    mmengine's own CheckpointHook saves before the validation, so that a run killed in between would resume without it;
    it also removes the previous file before the next one is whole.
    """

    priority = "LOW"

    def __init__(self, file: Path) -> None:
        self.file = file

    def before_train_epoch(self, runner: Runner) -> None:
        if runner.epoch == 0:
            return
        temporary = f"{self.file.name}.tmp"
        meta = {"epoch": runner.epoch, "iter": runner.iter}
        runner.save_checkpoint(str(self.file.parent), temporary, meta=meta)
        (self.file.parent / temporary).replace(self.file)


def write_atomically(file: Path, state: dict[str, Any]) -> None:
    """`torch.save`, whole or not at all."""
    temporary = file.with_name(f"{file.name}.tmp")
    torch.save(state, temporary)
    temporary.replace(file)
