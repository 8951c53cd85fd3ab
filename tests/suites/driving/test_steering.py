"""A driver that other commands steer, and that says what it does."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from provbench.registry import UserError
from provbench.results.store import RunRecord
from provbench.suites.driving import (
    Output,
    Pulse,
    Tally,
    driver as driver_module,
    pause,
    read_pulse,
    resume,
    retry,
    steering,
    stop,
)
from provbench.suites.executors import Job, Observer, Observers
from provbench.suites.planning import Plan, RunSpec

from ..conftest import TOY


class Doing(Observer):
    """Calls a function at the first validation of each run, and notes what it is told."""

    def __init__(self, act: Callable[[int], None]) -> None:
        self.act, self.seen, self.finished_runs = act, [], 0
        self.pauses: list[bool] = []

    def paused(self, paused: bool) -> None:
        self.pauses.append(paused)

    def reported(self, job: Job, epoch: int, epochs: int, value: float | None) -> None:
        if job.spec.key not in self.seen:
            self.seen.append(job.spec.key)
            self.act(len(self.seen))

    def finished(self, spec: RunSpec, record: RunRecord, cached: bool) -> None:
        self.finished_runs += 1


def test_a_pause_starts_no_new_run_until_it_is_over(
    make: Callable[..., Plan], drive: Callable[..., Tally], output: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(driver_module, "POLL", 0.01)
    ended_while_paused: list[int] = []

    def act(number: int) -> None:
        if number == 1:
            pause(output.root)
            threading.Thread(target=later, daemon=True).start()

    def later() -> None:
        while not observer.finished_runs:
            time.sleep(0.01)
        time.sleep(0.3)  # in which a driver that did not heed the pause would begin others
        ended_while_paused.append(observer.finished_runs)
        resume(output.root)

    observer = Doing(act)
    assert drive(make(), observer=observer).trained == 4
    assert ended_while_paused == [1], "what was under way ended, and nothing began"
    assert observer.pauses == [True, False]


def test_a_stop_ends_as_sigterm_does_and_the_next_driver_goes_on(
    make: Callable[..., Plan], drive: Callable[..., Tally], output: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[Any] = []
    monkeypatch.setattr(steering.os, "kill", lambda *values: sent.append(values))
    with pytest.raises(SystemExit) as ended:
        drive(make(), observer=Doing(lambda number: stop(output.root) if number == 2 else None))
    assert ended.value.code == 143
    assert len(sent) == 1, "a driver on this machine gets the signal itself"
    tally = drive(make())
    assert (tally.trained, tally.cached) == (3, 1)


def test_a_failed_run_is_tried_again_on_request(
    make: Callable[..., Plan], drive: Callable[..., Tally], output: Output
) -> None:
    plan = make(TOY + "  refusing: {augmentation: refuse}\n")

    class Retrying(Observer):
        asked = 0

        def finished(self, spec: RunSpec, record: RunRecord, cached: bool) -> None:
            if record.status == "failed" and self.asked < 2:
                self.asked += 1
                retry(output.root, spec.key)

    observer, seen = Retrying(), Doing(lambda number: None)
    tally = drive(plan, observer=Observers([observer, seen]))
    assert observer.asked == 2
    assert len(tally.failed) == 2, "it fails for the same reason, and is counted once"
    assert seen.finished_runs == 4 + 2 + 2


def test_where_no_driver_is_at_work_that_is_said(tmp_path: Path) -> None:
    for request in (pause, resume, stop, lambda out: retry(out, "aa00")):
        with pytest.raises(UserError, match="no driver is at work here"):
            request(tmp_path)
    assert not (tmp_path / "steering").exists()


def test_requests_of_a_dead_drivers_time_are_void(
    make: Callable[..., Plan], drive: Callable[..., Tally], output: Output
) -> None:
    (output.root / "steering").mkdir(parents=True)
    for name in ("paused", "stop", "retry.aa00"):
        (output.root / "steering" / name).write_text("")
    assert drive(make()).trained == 4


def test_what_is_not_paused_is_not_resumed(
    make: Callable[..., Plan], drive: Callable[..., Tally], output: Output
) -> None:
    said: list[str] = []

    def act(number: int) -> None:
        try:
            resume(output.root)
        except UserError as error:
            said.append(str(error))

    drive(make(), observer=Doing(act))
    assert said
    assert all("is not paused" in words for words in said)


class TestPulse:
    def test_it_says_what_is_under_way(
        self, make: Callable[..., Plan], drive: Callable[..., Tally], output: Output
    ) -> None:
        states: list[dict[str, Any] | None] = []
        pulse = Pulse(output.root, "toy")
        observer = Doing(lambda number: states.append(read_pulse(output.root)))
        drive(make(), observer=Observers([pulse, observer]))
        state = states[-1]
        assert state is not None
        assert (state["suite"], state["planned"], state["finished"]) == ("toy", 4, 3)
        (run,) = state["running"]
        assert (run["epochs"], run["task"]) == (2, "toy")
        pulse.close()
        assert read_pulse(output.root) is None

    def test_another_drivers_is_left_alone(self, tmp_path: Path) -> None:
        (tmp_path / "driver.json").write_text(json.dumps({"running": []}))
        Pulse(tmp_path, "mine").close()
        assert read_pulse(tmp_path) is not None

    def test_anything_else_in_its_place_is_nothing(self, tmp_path: Path) -> None:
        for content in ("", "[]", '{"running": 1}'):
            (tmp_path / "driver.json").write_text(content)
            assert read_pulse(tmp_path) is None

    def test_a_disk_that_is_full_ends_no_run(
        self, make: Callable[..., Plan], drive: Callable[..., Tally], tmp_path: Path
    ) -> None:
        (tmp_path / "file").write_text("")
        assert drive(make(), observer=Pulse(tmp_path / "file", "toy")).trained == 4


def test_the_clock_of_a_pulse_is_the_systems(tmp_path: Path) -> None:
    pulse = Pulse(tmp_path, "toy")
    pulse.planned(3)
    state = read_pulse(tmp_path)
    assert state is not None
    assert abs(state["updated"] - time.time()) < 60
