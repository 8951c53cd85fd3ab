"""The time of a step, without the first ones."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from provbench.benchmarks.training import step_clock
from provbench.benchmarks.training.step_clock import StepClock, seconds_per_step, timed_steps

from .conftest import Train


class Hub:
    def __init__(self) -> None:
        self.runtime_info: dict[str, Any] = {}

    def update_info(self, name: str, value: Any) -> None:
        self.runtime_info[name] = value


def trained(monkeypatch: pytest.MonkeyPatch, durations: list[list[float]], warm_up: int) -> Any:
    """A runner after epochs whose steps took so long; a validation after each takes 1000 s."""
    clock = SimpleNamespace(now=0.0)
    monkeypatch.setattr(step_clock.time, "monotonic", lambda: clock.now)
    runner: Any = SimpleNamespace(message_hub=Hub())
    hook = StepClock(warm_up)
    for epoch in durations:
        hook.before_train_epoch(runner)
        for seconds in epoch:
            clock.now += seconds
            hook.after_train_iter(runner)
        hook.after_train_epoch(runner)
        clock.now += 1000
    return runner


@pytest.mark.parametrize(
    ("durations", "warm_up", "steps", "seconds"),
    [
        ([[50, 9, 1, 2, 3]], 2, 3, 6),
        ([[50, 9], [1, 2, 3]], 2, 3, 6),
        ([[50], [9, 2], [4]], 2, 2, 6),
        ([[1, 2]], 0, 2, 3),
        ([[1, 2]], 2, 0, 0),
    ],
)
def test_by_hand(
    monkeypatch: pytest.MonkeyPatch, durations: list[list[float]], warm_up: int, steps: int, seconds: float
) -> None:
    runner = trained(monkeypatch, durations, warm_up)
    assert timed_steps(runner) == {"steps": steps, "seconds": seconds}
    assert seconds_per_step(runner) == (seconds / steps if steps else 0)


def test_of_a_run(run: Train) -> None:
    outcome = run(epochs=3, train_size=160)
    assert 0 < outcome.seconds_per_step < 10
