"""Worker processes: what one run breaks, no other run feels, and no process is left behind."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from provbench.registry import UserError
from provbench.suites.driving.driver import Driver
from provbench.suites.driving.output import Output
from provbench.suites.executors import Job
from provbench.suites.executors.inline import Inline
from provbench.suites.executors.local import Local, gpu_groups, visible_gpus
from provbench.suites.planning.plan import Plan
from provbench.suites.planning.spec import Place

from .conftest import PROBE, ends, record_of, run_all, seen_by

DRIVER = """\
import sys
from pathlib import Path
from provbench.suites.driving import Driver, Output
from provbench.suites.executors.local import Local, gpu_groups
from provbench.suites.file import load_suite
from provbench.suites.planning import Place, make_plan

if __name__ == "__main__":
    suite, root, *plugins = sys.argv[1:]
    output = Output(Path(root) / "out")
    place = Place(Path(root) / "data", output.work, workers=1)
    Driver(make_plan(load_suite(suite), tuple(plugins)), output, Local(jobs=1), place).run()
"""


@pytest.fixture(scope="module")
def pool() -> Iterator[Local]:
    """One worker for all tests that do without a fresh one."""
    with Local(jobs=1) as local:
        yield local


def test_what_a_plugin_prints_is_there_when_its_worker_has_been_ended(
    plan_with: Callable[..., Plan], jobs_of: Callable[..., list[Job]], capfd: pytest.CaptureFixture[str]
) -> None:
    jobs = jobs_of(plan_with("{name: chatter}", epochs=1))
    with Local(jobs=1) as local:
        record_of(run_all(local, jobs)[0])
    assert "a batch went by\n" in capfd.readouterr().out


def test_the_same_records_as_in_this_process(plan_with: Callable[..., Plan], tmp_path: Path) -> None:
    plan = plan_with("{name: cutmix, prob: 0.5}", seeds=3)
    outcomes = []
    for name, executor in (("inline", Inline()), ("local", Local(jobs=2))):
        output = Output(tmp_path / name)
        Driver(plan, output, executor, Place(tmp_path / "data", output.work)).run()
        outcomes.append({record.key: record.outcome for record in output.store.records()})
    assert len(outcomes[0]) == 3
    assert outcomes[0] == outcomes[1]


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("SIGKILL", "killed by SIGKILL (out of memory?)"),
        pytest.param("SIGSEGV", "killed by SIGSEGV (its stack overflowed?)", marks=pytest.mark.slow),
    ],
)
def test_a_signal_is_told_by_its_name(
    plan_with: Callable[..., Plan], jobs_of: Callable[..., list[Job]], tmp_path: Path, name: str, told: str
) -> None:
    plan = plan_with(f"{{name: fall, signal: {name}, flag: {tmp_path / 'flag'}}}")
    with Local(jobs=1) as local:
        (finished,) = run_all(local, jobs_of(plan))
    assert finished.record is None
    assert not finished.user_error
    assert finished.error == f"its worker process was {told}"


@pytest.mark.slow
def test_a_worker_that_dies_between_two_jobs_is_replaced(
    pool: Local, plan_with: Callable[..., Plan], jobs_of: Callable[..., list[Job]]
) -> None:
    first, second, third = jobs_of(plan_with("look-around", seeds=3))
    pids = [seen_by(finished)["pid"] for finished in run_all(pool, [first, second])]
    assert pids[0] == pids[1]
    os.kill(pids[0], signal.SIGKILL)
    assert ends(pids[0])
    (finished,) = run_all(pool, [third])
    assert seen_by(finished)["pid"] != pids[0]


def test_changed_data_are_the_users(
    pool: Local, plan_with: Callable[..., Plan], jobs_of: Callable[..., list[Job]]
) -> None:
    (job,) = jobs_of(plan_with())
    changed = Job(job.spec.model_copy(update={"fingerprint": "another"}), job.place)
    (finished,) = run_all(pool, [changed])
    assert finished.user_error
    assert "have changed since" in finished.error


def test_the_answer_to_a_report_prunes(
    pool: Local, plan_with: Callable[..., Plan], jobs_of: Callable[..., list[Job]]
) -> None:
    jobs = jobs_of(plan_with(seeds=2, epochs=4))
    told = []

    def stop(job: Job, epoch: int, epochs: int, value: float | None) -> bool:
        told.append((job.spec.seed, epoch, epochs))
        return job.spec.seed == 1 and epoch == 2

    records = [record_of(finished) for finished in run_all(pool, jobs, stop)]
    assert [(record.status, len(record.curve)) for record in records] == [("done", 4), ("pruned", 2)]
    assert told == [*((0, epoch, 4) for epoch in (1, 2, 3, 4)), (1, 1, 4), (1, 2, 4)]


@pytest.mark.slow
def test_a_run_above_the_memory_limit_is_killed(
    plan_with: Callable[..., Plan], jobs_of: Callable[..., list[Job]]
) -> None:
    jobs = jobs_of(plan_with("{name: hoard, gigabytes: 2.5}"))
    with Local(jobs=1, memory_limit_gb=2) as local:
        (finished,) = run_all(local, jobs)
    assert finished.record is None
    told = re.fullmatch(r"its processes held ([\d.]+) GiB of memory, over memory_limit_gb: 2; killed", finished.error)
    assert told is not None, finished.error
    assert 2 < float(told.group(1)) < 4


@pytest.mark.slow
def test_each_run_sees_its_gpus_also_in_a_worker_that_replaces_a_dead_one(
    monkeypatch: pytest.MonkeyPatch, plan_with: Callable[..., Plan], jobs_of: Callable[..., list[Job]]
) -> None:
    monkeypatch.setattr("provbench.suites.executors.local.visible_gpus", lambda: ["4", "5", "6", "7"])
    first, *others = jobs_of(plan_with("look-around", seeds=3), threads=2)
    with Local(gpus_per_run=2, runs_per_gpu=2) as local:
        assert local.slots == 4
        (before,) = run_all(local, [first])
        os.kill(seen_by(before)["pid"], signal.SIGKILL)
        assert ends(seen_by(before)["pid"])
        for job in others:
            local.submit(job)
        after = {seen_by(local.wait(lambda *_: False))["gpus"] for _ in others}
    assert seen_by(before)["gpus"] == "4,5"
    assert after == {"4,5", "6,7"}
    assert seen_by(before)["threads"] == 2


@pytest.mark.parametrize(
    ("gpus", "per_run", "groups"),
    [
        (["0", "1", "2"], 1, ["0", "1", "2"]),
        (["0", "1", "2", "3"], 2, ["0,1", "2,3"]),
        (["GPU-a", "GPU-b", "GPU-c"], 2, ["GPU-a,GPU-b"]),
        ([], 2, []),
    ],
)
def test_gpus_are_divided(gpus: list[str], per_run: int, groups: list[str]) -> None:
    assert gpu_groups(gpus, per_run) == groups


def test_too_few_gpus() -> None:
    with pytest.raises(UserError, match="gpus_per_run: 4, but this machine shows 2 GPUs"):
        gpu_groups(["0", "1"], 4)


def test_one_run_a_core_without_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("provbench.suites.executors.local.visible_gpus", list)
    assert Local().slots == len(os.sched_getaffinity(0))
    assert Local(jobs=7).slots == 7


@pytest.mark.slow
def test_closing_ends_every_process_at_once(
    plan_with: Callable[..., Plan], jobs_of: Callable[..., list[Job]], tmp_path: Path
) -> None:
    jobs = jobs_of(plan_with(f"{{name: linger, flag: {tmp_path / 'flag'}}}"), workers=1)
    with Local(jobs=2) as local:
        local.submit(jobs[0])
        wait_for(tmp_path / "flag")
        worker = psutil.Process(int((tmp_path / "flag").read_text()))
        family = [worker, *worker.children(recursive=True)]
        assert len(family) > 1, "a process that loads data"
    assert all(ends(process.pid) for process in family)
    assert worker.pid not in [child.pid for child in psutil.Process().children()], "not even as a zombie"


@pytest.mark.slow
def test_a_killed_driver_takes_its_workers_along(plan_with: Callable[..., Plan], tmp_path: Path) -> None:
    plan_with(f"{{name: linger, flag: {tmp_path / 'flag'}}}")
    script = tmp_path / "driver.py"
    script.write_text(DRIVER)
    plugins = [str(Path(PROBE).parents[2] / "plugins" / "toy.py"), PROBE]
    driver = subprocess.Popen([sys.executable, str(script), str(tmp_path / "suite.yaml"), str(tmp_path), *plugins])
    try:
        wait_for(tmp_path / "flag", driver)
        worker = psutil.Process(int((tmp_path / "flag").read_text()))
        family = [worker, *worker.children(recursive=True)]
        assert worker.ppid() == driver.pid
        assert len(family) > 1, "a process that loads data"
    finally:
        driver.kill()
        driver.wait()
    assert all(ends(process.pid) for process in family)


def wait_for(flag: Path, driver: subprocess.Popen[bytes] | None = None, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not flag.exists():
        assert driver is None or driver.poll() is None, "the driver ended by itself"
        assert time.monotonic() < deadline, f"{flag} was never written"
        time.sleep(0.05)


def test_without_a_driver_gpus_are_counted_without_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("provbench.suites.executors.local.has_gpu_driver", lambda: False)
    monkeypatch.setitem(sys.modules, "torch", None)  # to import it fails
    assert visible_gpus() == []
