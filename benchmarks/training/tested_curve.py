"""Scores the test split at each validation, for the rules that choose an epoch afterwards."""

from __future__ import annotations

from typing import Any

from mmengine.hooks import Hook
from mmengine.runner import Runner

NAME = "test curve"


class CurveOnTestHook(Hook):
    """Records the metrics on test of each validated epoch in the message hub, which checkpoints carry.

    Nothing else in the run sees them: no epoch is chosen by them, and no search.
    """

    def before_train(self, runner: Runner) -> None:
        if NAME not in runner.message_hub.runtime_info:
            runner.message_hub.update_info(NAME, [])

    def after_val_epoch(self, runner: Runner, metrics: dict[str, float] | None = None) -> None:
        loop: Any = runner.test_loop
        found = {name: float(value) for name, value in (loop.run() or {}).items()}
        runner.message_hub.update_info(NAME, [*tested_curve(runner), {"epoch": float(runner.epoch), **found}])


def tested_curve(runner: Runner) -> list[dict[str, float]]:
    """Returns the metrics on test of every validated epoch so far; [] where they were not asked for."""
    return list(runner.message_hub.runtime_info.get(NAME, ()))
