"""Time limits of runs: not the method's failure, not tried again, and gone on with when there is more time."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from provbench.suites.driving.driver import Driver
from provbench.suites.driving.output import Output
from provbench.suites.executors import Job
from provbench.suites.executors.inline import Inline
from provbench.suites.executors.local import Local
from provbench.suites.planning.plan import Plan
from provbench.suites.planning.spec import Place
from provbench.suites.running import Deadline, OverTimeError, execution
from provbench.suites.running.execution import execute
from provbench.suites.running.failures import sort_out

from ..conftest import TOY

LONG = TOY.replace("seeds: [0, 1]", "seeds: [0]").replace("epochs: 2", "epochs: 6")
ONE = LONG.partition("  cutmix+guidance")[0]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Lets time pass, for what measures a run."""
    passed = [0.0]

    class Clock:
        @staticmethod
        def monotonic() -> float:
            return time.monotonic() + passed[0]

    monkeypatch.setattr(execution, "time", Clock)

    def go_on(seconds: float) -> None:
        passed[0] += seconds

    return go_on


def test_it_is_told_with_its_remedy(clock: Callable[[float], None]) -> None:
    limited, unlimited = Deadline(90), Deadline(None)
    limited.check()
    clock(91)
    with pytest.raises(OverTimeError, match=r"over its time limit of 1\.5 minutes; .* a higher --time-limit"):
        limited.check()
    assert not limited.passed_by(grace=30)
    unlimited.check()


def test_it_is_no_failure_of_the_method() -> None:
    error = OverTimeError("over its time limit")
    assert sort_out(error) is error


def test_a_run_over_its_limit_is_not_tried_again_and_resumes_with_more_time(
    make: Callable[..., Plan], output: Output, tmp_path: Path, clock: Callable[[float], None]
) -> None:
    plan = make(ONE)
    place = Place(tmp_path / "data", output.work, time_limit=3600)
    seen: list[int] = []

    class Slow(Driver):
        def _reported(self, job: Job, epoch: int, epochs: int, value: float | None) -> bool:
            seen.append(epoch)
            clock(1000)
            return super()._reported(job, epoch, epochs, value)

    tally = Slow(plan, output, Inline(), place).run()
    (reason,) = tally.lost.values()
    assert reason.startswith("over its time limit of 60 minutes")
    assert (tally.trained, tally.retried, tally.failed, tally.complete) == (0, 0, {}, False)
    assert output.store.keys() == []
    assert seen == [1, 2, 3, 4]
    seen.clear()
    assert Slow(plan, output, Inline(), replace(place, time_limit=36_000)).run().trained == 1
    assert seen == [5, 6], "from its last checkpoint"
    (cell,) = plan.cells
    undisturbed = execute(
        plan.final_specs(cell, plan.fingerprints(tmp_path / "data")[cell])[0], replace(place, work_root=tmp_path / "w")
    )
    (record,) = output.store.records()
    assert record.outcome == undisturbed.outcome


@pytest.mark.slow
def test_a_worker_that_does_not_end_itself_is_killed(
    make: Callable[..., Plan], output: Output, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("provbench.suites.executors.local.GRACE", -1e9)
    place = Place(tmp_path / "data", output.work, time_limit=1e6)
    tally = Driver(make(ONE.replace("epochs: 6", "epochs: 3000")), output, Local(jobs=1), place).run()
    (reason,) = tally.lost.values()
    assert "was killed" in reason
    assert tally.retried == 0
