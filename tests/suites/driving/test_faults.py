"""What the place is to blame for is tried again, a method's failure is not, and nothing that was finished is lost."""

from __future__ import annotations

import errno
import os
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from provbench.registry import UserError
from provbench.results import RunRecord, StoreWarning
from provbench.suites.driving.driver import Driver, Tally
from provbench.suites.driving.garbage import find_garbage, remove
from provbench.suites.driving.lost_runs import LostRuns
from provbench.suites.driving.output import Output, output_lock
from provbench.suites.driving.tally import Faults
from provbench.suites.executors import Ending, Job
from provbench.suites.executors.base import Observer, OnValidation
from provbench.suites.executors.inline import Inline
from provbench.suites.planning.plan import Plan
from provbench.suites.planning.spec import Place, RunSpec
from provbench.suites.showing.overview import survey
from provbench.suites.showing.tabulate import make_tables

from ..conftest import SEARCH, TOY

TEN = TOY.replace("seeds: [0, 1]", f"seeds: {list(range(5))}")
"""A suite of ten runs."""
HALF = TEN.partition("  cutmix+guidance")[0] + "  refusing: {augmentation: refuse}\n"
"""Half of them fail."""


class Losing(Inline):
    """Loses each run so many times before it executes it."""

    def __init__(self, times: int, which: Callable[[RunSpec], bool] = lambda spec: True) -> None:
        super().__init__()
        self.left: Counter[str] = Counter()
        self.times, self.which = times, which

    def wait(self, on_validation: OnValidation) -> Ending:
        job = self._queue[0]
        if self.which(job.spec) and self.left[job.spec.key] < self.times:
            self.left[job.spec.key] += 1
            return Ending(self._queue.pop(0), None, "its worker process was killed by SIGKILL")
        return super().wait(on_validation)


class Watching(Observer):
    def __init__(self) -> None:
        self.started_keys: Counter[str] = Counter()
        self.retried_keys: Counter[str] = Counter()
        self.lost_keys: list[str] = []

    def started(self, job: Job) -> None:
        self.started_keys[job.spec.key] += 1

    def retried(self, spec: RunSpec, error: str) -> None:
        assert error == "its worker process was killed by SIGKILL"
        self.retried_keys[spec.key] += 1

    def lost(self, spec: RunSpec, error: str) -> None:
        self.lost_keys.append(spec.key)


@pytest.fixture
def drive_with(output: Output, tmp_path: Path) -> Callable[..., Driver]:
    """A driver of a plan with an executor."""

    def build(plan: Plan, executor: Inline, **options: object) -> Driver:
        place = Place(tmp_path / "data", output.work)
        return Driver(plan, output, executor, place, **options)  # pyright: ignore[reportArgumentType]

    return build


def outcomes(output: Output) -> dict[str, object]:
    return {record.key: record.outcome for record in output.store.records()}


def tables(plan: Plan, output: Output, data: Path) -> dict[str, object]:
    """What the tables show, but for how long it took."""
    made = make_tables(plan, survey(plan, output, data))
    return {name: (table.header(), table.body()) for name, table in made.items()}


class TestRetries:
    def test_a_lost_run_is_tried_again_until_it_has_a_record(
        self, make: Callable[..., Plan], drive_with: Callable[..., Driver], output: Output
    ) -> None:
        watching = Watching()
        tally = drive_with(make(), Losing(2), observer=watching).run()
        assert (tally.trained, tally.retried, tally.lost) == (4, 8, {})
        assert set(watching.started_keys.values()) == {3}
        assert set(watching.retried_keys.values()) == {2}
        assert [record.attempt for record in output.store.records()] == [3] * 4

    @pytest.mark.slow
    def test_attempts_are_a_cap(
        self, make: Callable[..., Plan], drive_with: Callable[..., Driver], output: Output
    ) -> None:
        watching = Watching()
        tally = drive_with(make(), Losing(2), observer=watching, faults=Faults(attempts=2)).run()
        assert (tally.trained, tally.retried) == (0, 4)
        assert sorted(tally.lost) == sorted(watching.lost_keys)
        assert len(tally.lost) == 4
        assert set(tally.lost.values()) == {"its worker process was killed by SIGKILL"}
        assert output.store.keys() == []
        known = LostRuns(output.suite("toy")).read(output.store)
        assert {run.key: run.reason for run in known} == tally.lost
        assert {(run.task, run.method, run.seed, run.over_time) for run in known} >= {("toy", "baseline", 1, False)}
        assert drive_with(make(), Inline()).run().trained == 4, "the next start has attempts of its own"
        assert LostRuns(output.suite("toy")).read(output.store) == []

    def test_a_method_that_fails_is_not_tried_again(
        self, make: Callable[..., Plan], drive_with: Callable[..., Driver], output: Output
    ) -> None:
        watching = Watching()
        tally = drive_with(make(TOY + "  refusing: {augmentation: refuse}\n"), Inline(), observer=watching).run()
        assert (tally.retried, len(tally.failed)) == (0, 2)
        assert set(watching.started_keys.values()) == {1}
        assert {record.attempt for record in output.store.records()} == {1}

    @pytest.mark.slow
    def test_what_had_failed_is_run_again_once_if_asked(
        self, make: Callable[..., Plan], drive: Callable[..., Tally]
    ) -> None:
        plan = make(TOY + "  refusing: {augmentation: refuse}\n  as well: {augmentation: refuse}\n")

        def started(**options: Any) -> int:
            watching = Watching()
            drive(plan, observer=watching, **options)
            assert set(watching.started_keys.values()) <= {1}
            return len(watching.started_keys)

        assert started() == 6
        assert started() == 0
        assert started(retry_failed=True) == 2, "the two methods' runs are the same"

    @pytest.mark.slow
    def test_a_trial_that_was_lost_is_taken_up_by_the_next_start(
        self, make: Callable[..., Plan], drive_with: Callable[..., Driver], output: Output, tmp_path: Path
    ) -> None:
        plan = make(TOY + SEARCH)
        unlucky: list[str] = []

        def second(spec: RunSpec) -> bool:
            if spec.phase == "search" and spec.key not in unlucky:
                unlucky.append(spec.key)
            return spec.key in unlucky[2:3]

        first = drive_with(plan, Losing(9, second)).run()
        assert list(first.lost) == unlucky[2:3]
        states = {state.cell.method: state for state in survey(plan, output, tmp_path / "data")}
        ended = {method: sum(state.counts.values()) for method, state in states.items()}
        assert sorted(ended.values()) == [3, 4]
        assert {method: state.under().done for method, state in states.items()} == {
            method: 2 if count == 4 else 0 for method, count in ended.items()
        }, "nothing is chosen while a trial is missing"
        second_tally = drive_with(plan, Inline()).run()
        assert (second_tally.trained, second_tally.lost) == (3, {}), "the trial, and two seeds"
        for state in survey(plan, output, tmp_path / "data"):
            assert (sum(state.counts.values()), state.under().done) == (4, 2)


class TestTheFailureRate:
    def test_it_needs_ten_runs_and_more_than_the_share(self) -> None:
        faults = Faults(max_failure_rate=0.5)
        for number in range(9):
            faults.count(f"lost {number}", None, "node lost")
        with pytest.raises(UserError, match=r"10 of 10 runs failed.*--max-failure-rate 0\.5.*lost 9: node lost"):
            faults.count("lost 9", None, "node lost")

    @pytest.mark.slow
    def test_the_share_itself_is_allowed(
        self, make: Callable[..., Plan], drive_with: Callable[..., Driver], output: Output
    ) -> None:
        assert len(drive_with(make(HALF), Inline(), faults=Faults(max_failure_rate=0.5)).run().failed) == 5

    def test_above_it_the_suite_stops_and_what_was_finished_stays(
        self, make: Callable[..., Plan], drive_with: Callable[..., Driver], output: Output
    ) -> None:
        with pytest.raises(UserError, match=r"5 of 10 runs failed, more than --max-failure-rate 0\.4 allows"):
            drive_with(make(HALF), Inline(), faults=Faults(max_failure_rate=0.4)).run()
        assert Counter(record.status for record in output.store.records()) == {"done": 5, "failed": 5}


def test_a_user_error_of_one_run_stops_all(
    make: Callable[..., Plan], drive_with: Callable[..., Driver], output: Output
) -> None:
    class Complaining(Inline):
        def wait(self, on_validation: OnValidation) -> Ending:
            return Ending(self._queue.pop(0), None, "data/toy: the data have changed", user_error=True)

    with pytest.raises(UserError, match="the data have changed"):
        drive_with(make(), Complaining()).run()
    assert output.store.keys() == []


class TestDamagedRecords:
    def test_they_are_set_aside_said_so_and_run_again(
        self, make: Callable[..., Plan], drive: Callable[..., Tally], output: Output, tmp_path: Path
    ) -> None:
        plan = make()
        drive(plan)
        before, shown = outcomes(output), tables(plan, output, tmp_path / "data")
        torn, edited, *_ = map(output.store.record_path, before)
        torn.write_bytes(torn.read_bytes()[:-100])
        edited.write_bytes(edited.read_bytes().replace(b'"accuracy":', b'"accuracy":1'))
        with pytest.warns(StoreWarning, match="checksum") as warned:
            tally = drive(plan)
        said = " ".join(str(one.message) for one in warned)
        assert torn.name in said
        assert edited.name in said
        assert (tally.trained, tally.cached) == (2, 2)
        assert {path.name for path in (output.root / "quarantine").iterdir()} == {torn.name, edited.name}
        assert outcomes(output) == before
        assert tables(plan, output, tmp_path / "data") == shown


class SmallDisk:
    """A disk that can be filled."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.root, self._patch, self._ballast = root, monkeypatch, root / "ballast"
        self.real = _mounted(root)

    def fill(self) -> None:
        """To the last page; where mounting is not allowed, whatever is to be durable fails instead."""
        if not self.real:
            self._patch.setattr(os, "fsync", _raise_full)
            return
        with self._ballast.open("wb", buffering=0) as file, suppress(OSError):
            while True:
                file.write(bytes(4096))

    def free(self) -> None:
        if self.real:
            self._ballast.unlink()
        else:
            self._patch.undo()


def _mounted(folder: Path) -> bool:
    folder.mkdir()
    options = ["-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)]
    return subprocess.run(["mount", *options], capture_output=True, check=False).returncode == 0


def _raise_full(handle: int) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.fixture
def small_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SmallDisk]:
    disk = SmallDisk(tmp_path / "small", monkeypatch)
    yield disk
    if disk.real:
        subprocess.run(["umount", str(disk.root)], check=True)


class FillAt(Observer):
    """Fills the disk when a second run begins, or when the first one has ended and the next is yet to be found."""

    def __init__(self, disk: SmallDisk, moment: str) -> None:
        self.disk, self.moment, self.number = disk, moment, 0

    def started(self, job: Job) -> None:
        self.number += 1
        if self.moment == "beginning" and self.number == 2:
            self.disk.fill()

    def finished(self, spec: RunSpec, record: RunRecord, cached: bool) -> None:
        if self.moment == "end" and not cached and self.number == 1:
            self.disk.fill()


@pytest.mark.parametrize(
    ("text", "moment"),
    [(TOY, "beginning"), (TOY + SEARCH, "beginning"), (TOY + SEARCH, "end")],
    ids=["fixed", "search", "search, asking"],
)
@pytest.mark.slow
def test_a_disk_that_fills_while_the_driver_writes_stops_it_and_costs_nothing_that_was_finished(
    make: Callable[..., Plan], small_disk: SmallDisk, tmp_path: Path, text: str, moment: str
) -> None:
    plan, place = make(text), Place(tmp_path / "data", tmp_path / "work")
    output, stops = Output(small_disk.root / "out"), 0
    while not (tally := run_or_stop(Driver(plan, output, Inline(), place, FillAt(small_disk, moment)))):
        small_disk.free()
        stops += 1
        assert len(output.store.keys()) == stops, "each start finishes one run, and none is lost"
        if stops % 2:
            small_disk.fill()
            assert run_or_stop(Driver(plan, output, Inline(), place)) is None, "full from the beginning"
            small_disk.free()
    undisturbed = Output(tmp_path / "undisturbed")
    Driver(plan, undisturbed, Inline(), place).run()
    assert outcomes(output) == outcomes(undisturbed)
    assert stops + tally.trained == len(outcomes(output))
    assert tables(plan, output, tmp_path / "data") == tables(plan, undisturbed, tmp_path / "data")


def test_a_full_disk_can_be_cleaned(make: Callable[..., Plan], small_disk: SmallDisk, tmp_path: Path) -> None:
    output = Output(small_disk.root / "out")
    Driver(make(), output, Inline(), Place(tmp_path / "data", tmp_path / "work", keep="all")).run()
    finished = outcomes(output)
    small_disk.fill()
    with output_lock(output.root, announce=False):
        garbage = find_garbage(output, "last")
        remove(garbage)
    assert [item.path.name for item in garbage] == ["epoch_1.safetensors"] * 4
    assert not any(item.path.exists() for item in garbage)
    assert outcomes(output) == finished
    small_disk.free()


def run_or_stop(driver: Driver) -> Tally | None:
    """What was done; None if a full disk stopped it."""
    try:
        return driver.run()
    except UserError as error:
        message = str(error)
    assert message.startswith(str(driver.output.root))
    assert "the disk is full" in message
    return None
