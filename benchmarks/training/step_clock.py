"""Times the training steps, without those in which a process warms up."""

from __future__ import annotations

import time
from typing import Any, TypedDict

from mmengine.hooks import Hook
from mmengine.runner import Runner

NAME = "timed steps"

WARM_UP = 10
"""First steps of a process that are not timed: in them libraries are loaded, kernels chosen and memory is allocated."""


class TimedSteps(TypedDict):
    """Number of steps that were timed, and the seconds that they took together."""

    steps: int
    seconds: float


class StepClock(Hook):
    """Sums up the wall time of training steps, loading their batches included, and not validations.

    It comes after the hook that reads the losses at the end of an epoch, so that a GPU has then finished its steps. An
    interrupted run warms up again.
    """

    def __init__(self, warm_up: int = WARM_UP) -> None:
        self.waiting = warm_up
        self._began: float | None = None
        self._steps = 0

    def before_train_epoch(self, runner: Runner) -> None:
        self._steps = 0
        self._began = None if self.waiting else time.monotonic()

    def after_train_iter(self, runner: Runner, *_: Any, **__: Any) -> None:
        if self.waiting:
            self.waiting -= 1
            self._began = None if self.waiting else _now()
        else:
            self._steps += 1

    def after_train_epoch(self, runner: Runner) -> None:
        if self._began is not None and self._steps:
            so_far, seconds = timed_steps(runner), time.monotonic() - self._began
            total = TimedSteps(steps=so_far["steps"] + self._steps, seconds=so_far["seconds"] + seconds)
            runner.message_hub.update_info(NAME, total)


def timed_steps(runner: Runner) -> TimedSteps:
    """Returns the steps of a run that were timed so far."""
    return runner.message_hub.runtime_info.get(NAME, TimedSteps(steps=0, seconds=0.0))


def seconds_per_step(runner: Runner) -> float:
    """Returns the mean wall time of a timed step; 0 where none was."""
    timed = timed_steps(runner)
    return timed["seconds"] / timed["steps"] if timed["steps"] else 0.0


def _now() -> float:
    """Returns the time at which a GPU has done what it was given."""
    import torch

    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.monotonic()
