"""The curve of a run: the losses of each epoch and the result of each validation."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TypedDict, cast

from mmengine.hooks import Hook
from mmengine.runner import Runner

from provbench.registry.base import best_key

from .budget import PeriodLoop
from .distributed import is_rank_0
from .learner import learner_of
from .probe import GradientProbe


class Validation(TypedDict):
    """Result of one validated epoch: the mean training losses, the metrics on val, and the probe's measurements."""

    epoch: int
    losses: dict[str, float]
    metrics: dict[str, float]
    probe: dict[str, float]


class CurveHook(Hook):
    """Records the mean losses of each epoch and each validation in the message hub, which checkpoints carry.

    It comes after the hook that averages the losses.
    """

    def __init__(self, probe: GradientProbe | None = None) -> None:
        self.probe = probe

    def before_train(self, runner: Runner) -> None:
        if "validations" not in runner.message_hub.runtime_info:
            runner.message_hub.update_info("validations", [])
        if "losses by epoch" not in runner.message_hub.runtime_info:
            runner.message_hub.update_info("losses by epoch", {})

    def after_train_epoch(self, runner: Runner) -> None:
        entry = {**progress(runner), **runner.message_hub.get_info("losses")}
        losses = {**losses_by_epoch(runner), runner.epoch + 1: entry}
        runner.message_hub.update_info("losses by epoch", losses)

    def after_val_epoch(self, runner: Runner, metrics: dict[str, float] | None = None) -> None:
        validation = Validation(
            epoch=runner.epoch,
            losses=runner.message_hub.get_info("losses"),
            metrics={name: float(value) for name, value in (metrics or {}).items()},
            probe=self._measure(runner),
        )
        runner.message_hub.update_info("validations", [*validations(runner), validation])

    def _measure(self, runner: Runner) -> dict[str, float]:
        if self.probe is None or not is_rank_0():
            return {}
        try:
            return self.probe.measure(learner_of(runner).net)
        except Exception as error:  # a model need not have input gradients in order to be trained
            warnings.warn(f"the gradient probe failed: {type(error).__name__}: {error}", stacklevel=2)
            return {}


def progress(runner: Runner) -> dict[str, float]:
    """Returns the steps and the passes over the data so far, of a run whose epochs are no passes; else nothing."""
    return runner.train_loop.progress() if isinstance(runner.train_loop, PeriodLoop) else {}


def validations(runner: Runner) -> list[Validation]:
    """Every validation of a run so far, in order."""
    return cast(list[Validation], runner.message_hub.get_info("validations"))


def losses_by_epoch(runner: Runner) -> dict[int, dict[str, float]]:
    """Returns the mean training losses of every epoch so far, by the epoch's number, counted from 1."""
    return cast(dict[int, dict[str, float]], runner.message_hub.get_info("losses by epoch"))


def best_epoch(found: Sequence[Validation], metric: str, higher_is_better: bool = True) -> int | None:
    """The epoch with the best value of a metric, the first of equals; None where none has a finite one."""
    return best_key({one["epoch"]: one["metrics"].get(metric, math.nan) for one in found}, higher_is_better)


def curve(
    found: Sequence[Validation], losses: Mapping[int, Mapping[str, float]] = MappingProxyType({})
) -> list[dict[str, float]]:
    """Returns one flat entry an epoch: `epoch` and losses, and where it was validated metrics and what the probe
    measured.

    losses: of the epochs, those without a validation included; a run that began under an older version may lack some.
    """
    entries = {epoch: {"epoch": float(epoch), **of} for epoch, of in losses.items()}
    for one in found:
        entry = entries.get(one["epoch"], {"epoch": float(one["epoch"])})
        entries[one["epoch"]] = {**entry, **one["losses"], **one["metrics"], **one["probe"]}
    return [entries[epoch] for epoch in sorted(entries)]
