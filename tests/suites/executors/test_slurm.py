"""Runs as Slurm jobs, tried with submitit's processes on this machine."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from provbench.registry import UserError
from provbench.suites.driving.driver import Driver
from provbench.suites.driving.output import Output
from provbench.suites.executors import Job, slurm
from provbench.suites.executors.inline import Inline
from provbench.suites.executors.slurm import Slurm
from provbench.suites.planning.plan import Plan
from provbench.suites.planning.spec import Place

from .conftest import record_of, run_all


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slurm, "LOOK_SECONDS", 0.05)


def test_without_submitit_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "submitit", None)
    with pytest.raises(UserError, match=r"pip install 'provbench\[slurm\]'"):
        Slurm()


def test_without_slurm_that_is_said(plan_with: Callable[..., Plan], jobs_of: Callable[..., list[Job]]) -> None:
    with Slurm() as executor, pytest.raises(UserError, match="there is no Slurm here"):
        executor.submit(jobs_of(plan_with())[0])


def test_what_a_job_asks_for(
    plan_with: Callable[..., Plan], jobs_of: Callable[..., list[Job]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: dict[str, object] = {}
    monkeypatch.setattr("submitit.AutoExecutor.update_parameters", lambda self, **options: asked.update(options))
    (job,) = jobs_of(plan_with())
    options = {"account": "vision"}
    executor = Slurm(cluster="local", gpus=2, cpus=8, memory_gb=32, hours=1.5, partition="a100", options=options)
    executor._sender(job, tmp_path)
    assert asked == {
        "name": f"provbench-{job.spec.key[:8]}",
        "timeout_min": 90,
        "cpus_per_task": 8,
        "gpus_per_node": 2,
        "mem_gb": 32,
        "slurm_partition": "a100",
        "slurm_additional_parameters": options,
    }
    assert executor.threads == 8
    assert Slurm(cluster="local", gpus=0).threads == 1


@pytest.mark.slow
def test_the_same_records_as_in_this_process(plan_with: Callable[..., Plan], tmp_path: Path) -> None:
    plan = plan_with("{name: cutmix, prob: 0.5}", seeds=2)
    inline, cluster = Output(tmp_path / "inline"), Output(tmp_path / "cluster")
    Driver(plan, inline, Inline(), Place(tmp_path / "data", inline.work)).run()
    tally = Driver(plan, cluster, Slurm(cluster="local", gpus=0), Place(tmp_path / "data", cluster.work)).run()
    assert (tally.trained, tally.retried) == (2, 0)
    found = [{record.key: record.outcome for record in output.store.records()} for output in (inline, cluster)]
    assert found[0] == found[1]
    assert {path.suffix for path in (cluster.root / "slurm").iterdir()} <= {".out", ".err", ".sh"}, "logs, and no more"


@pytest.mark.slow
def test_the_answer_to_a_report_prunes(plan_with: Callable[..., Plan], jobs_of: Callable[..., list[Job]]) -> None:
    jobs = jobs_of(plan_with(seeds=2, epochs=4))

    def stop(job: Job, epoch: int, epochs: int, value: float | None) -> bool:
        assert epochs == 4
        assert value is not None
        return job.spec.seed == 1 and epoch == 2

    with Slurm(cluster="local", gpus=0) as executor:
        records = [record_of(finished) for finished in run_all(executor, jobs, stop)]
    assert [(record.status, len(record.curve)) for record in records] == [("done", 4), ("pruned", 2)]


@pytest.mark.slow
def test_a_job_that_is_ended_from_outside_is_lost_and_tried_again(
    plan_with: Callable[..., Plan], tmp_path: Path
) -> None:
    plan = plan_with(f"{{name: fall, flag: {tmp_path / 'flag'}}}")
    output = Output(tmp_path / "out")
    tally = Driver(plan, output, Slurm(cluster="local", gpus=0), Place(tmp_path / "data", output.work)).run()
    assert (tally.trained, tally.retried, tally.lost) == (1, 1, {})


@pytest.mark.slow
def test_closing_cancels_the_jobs(
    plan_with: Callable[..., Plan], jobs_of: Callable[..., list[Job]], tmp_path: Path
) -> None:
    (job,) = jobs_of(plan_with(f"{{name: linger, flag: {tmp_path / 'flag'}}}"))
    executor = Slurm(cluster="local", gpus=0)
    executor.submit(job)
    (submitted,) = executor._under_way
    executor.close()
    submitted.handle._process.wait(30)
    assert not submitted.mailbox.exists()


def test_a_run_whose_driver_is_silent_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slurm, "SILENCE_SECONDS", 0.1)
    (tmp_path / "box").mkdir()
    (tmp_path / slurm.PULSE).write_text("1")
    with pytest.raises(ConnectionError, match="silent"):
        slurm._Reporter(tmp_path / "box")(1, 2, 0.5)
    with pytest.raises(ConnectionError, match="the driver has ended"):
        slurm._Reporter(tmp_path / "gone")(1, 2, 0.5)


def test_a_report_is_answered(
    plan_with: Callable[..., Plan], jobs_of: Callable[..., list[Job]], tmp_path: Path
) -> None:
    (job,) = jobs_of(plan_with())
    mailbox = tmp_path / "box"
    mailbox.mkdir()
    answers: list[bool] = []
    run = threading.Thread(target=lambda: answers.append(slurm._Reporter(mailbox)(3, 4, 0.5)))
    run.start()
    while run.is_alive():
        slurm._answer(slurm._Submitted(job, None, mailbox), lambda *values: values == (job, 3, 4, 0.5))
    assert answers == [True]
    assert list(mailbox.iterdir()) == []
