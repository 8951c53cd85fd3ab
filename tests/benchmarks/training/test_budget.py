"""Trainings whose length is so many steps, samples or seconds."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from provbench.benchmarks.training.budget import StreamSampler
from provbench.benchmarks.training.data import SeededSampler
from provbench.benchmarks.training.loop import Outcome
from provbench.benchmarks.training.optim import rate_at, schedule_over
from provbench.registry import Recipe

from .conftest import Train


def recipe(**values: object) -> Recipe:
    return Recipe(model="net", **values)  # pyright: ignore[reportArgumentType]


def told(outcome: Outcome) -> list[dict[str, float]]:
    """The curve without what only a run under a budget has."""
    return [{name: value for name, value in entry.items() if name not in ("step", "passes")} for entry in outcome.curve]


@pytest.mark.parametrize("schedule", ["cosine", "step", "constant"])
@pytest.mark.parametrize("budget", [{"steps": 12}, {"samples": 12 * 16}])
def test_as_many_steps_as_three_epochs_have_are_three_epochs(run: Train, schedule: str, budget: dict[str, int]) -> None:
    options = {"schedule": schedule, "step_epochs": 2, "warmup_epochs": 1, "train_size": 64}
    epochs = run(**options, epochs=3, work="epochs")
    steps = run(**options, epochs=3, **budget, validations=3, work="steps")
    assert (steps.val, steps.test, steps.steps, steps.epoch) == (epochs.val, epochs.test, 12, 3)
    assert told(steps) == epochs.curve
    assert [(entry["step"], entry["passes"]) for entry in steps.curve] == [(4, 1), (8, 2), (12, 3)]


@pytest.mark.parametrize("train_size", [16, 40, 64, 200])
def test_however_many_samples_there_are_the_updates_are_the_same(run: Train, train_size: int) -> None:
    outcome = run(steps=10, validations=4, train_size=train_size)
    assert outcome.steps == 10
    assert [entry["step"] for entry in outcome.curve] == [2, 5, 7, 10]
    assert [entry["passes"] for entry in outcome.curve] == [step * 16 / train_size for step in (2, 5, 7, 10)]


def test_a_batch_that_is_begun_counts_whole(run: Train) -> None:
    assert run(samples=33, validations=2).steps == 3


def test_there_are_no_more_validations_than_steps(run: Train) -> None:
    assert [entry["step"] for entry in run(steps=2, validations=20).curve] == [1, 2]


class StoppedError(Exception):
    pass


@pytest.mark.parametrize("at", [1, 2, 3])
def test_an_interrupted_run_ends_as_one_that_was_not(run: Train, at: int) -> None:
    options = {"steps": 13, "validations": 4, "train_size": 40, "checkpoint": "best", "warmup_epochs": 1}
    whole = run(**options, work="whole")

    def stop(epoch: int, epochs: int, value: float | None) -> bool:
        assert epochs == 4
        if epoch == at:
            raise StoppedError
        return False

    with pytest.raises(StoppedError):
        run(**options, report=stop)
    seen = []
    resumed = run(**options, report=lambda epoch, *_: bool(seen.append(epoch)))
    assert seen[0] == max(at, 1)
    assert (resumed.curve, resumed.val, resumed.test) == (whole.curve, whole.val, whole.test)
    assert (resumed.steps, resumed.epoch) == (13, whole.epoch)


def test_a_pruned_run_stops_at_a_validation(run: Train) -> None:
    outcome = run(steps=12, validations=4, report=lambda epoch, *_: epoch == 2)
    assert (outcome.pruned, outcome.steps, outcome.curve[-1]["step"]) == (True, 6, 6)


def test_kept_weights_are_those_of_validations(run: Train, tmp_path: Path) -> None:
    run(steps=12, validations=4, keep="all")
    assert sorted(file.name for file in (tmp_path / "work" / "weights").glob("*")) == [
        f"epoch_{number}.safetensors" for number in (1, 2, 3, 4)
    ]


def test_seconds_end_a_run_and_the_learning_rate_with_it(run: Train) -> None:
    outcome = run(seconds=0.3, validations=3)
    assert len(outcome.curve) == 3
    assert outcome.steps >= 3
    assert [entry["step"] for entry in outcome.curve] == sorted({entry["step"] for entry in outcome.curve})


def test_each_period_has_a_step_however_short_the_time(run: Train) -> None:
    assert run(seconds=1e-6, validations=3).steps == 3


def test_seconds_are_counted_over_an_interruption(run: Train) -> None:
    def stop(epoch: int, epochs: int, value: float | None) -> bool:
        if epoch == 3:
            raise StoppedError
        return False

    with pytest.raises(StoppedError):
        run(seconds=0.2, validations=4, report=stop)
    seen: list[Any] = []
    assert len(run(seconds=0.2, validations=4, report=lambda epoch, *_: bool(seen.append(epoch))).curve) == 4
    assert seen == [3, 4]


def test_the_stream_is_one_pass_after_another() -> None:
    """Of 10 samples in batches of 4: whole batches, in the order of each pass, no sample left out or repeated in it."""
    data = list(range(10))
    sampler, passes = StreamSampler(data, 7, 4), SeededSampler(data, 7)
    expected: list[Any] = []
    for number in range(4):
        passes.set_epoch(number)
        expected += list(passes)
    found = []
    for first, steps in ((0, 3), (3, 1), (4, 5), (9, 1)):
        sampler.start_period(first, steps)
        part = list(sampler)
        assert len(part) == len(sampler) == 4 * steps
        found += part
    assert found == expected
    assert set(Counter(index for index, _ in found).values()) == {4}


def test_the_clock_s_schedule_is_that_of_the_steps() -> None:
    given = recipe(epochs=10, warmup_epochs=2)
    assert rate_at(given, 0) == pytest.approx(1e-3)
    assert rate_at(given, 0.2) == 1
    assert rate_at(given, 0.6) == pytest.approx((1 + math.cos(math.pi / 2)) / 2)
    assert rate_at(given, 1) == pytest.approx(0)
    steps = recipe(epochs=10, schedule="step", step_epochs=4)
    assert [rate_at(steps, share) for share in (0, 0.39, 0.4, 0.8)] == pytest.approx([1, 1, 0.1, 0.01])
    (milestones,) = schedule_over(steps, 200)
    assert (milestones["milestones"], milestones["by_epoch"]) == ([80, 160], False)
