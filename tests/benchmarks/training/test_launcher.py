"""Processes that train together: the first true cause of a failure is told, and nobody is left behind."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
import torch

from provbench.benchmarks.training import distributed
from provbench.benchmarks.training.hooks import OnValidation
from provbench.benchmarks.training.launcher import launch
from provbench.registry import UserError
from provbench.suites.running.failures import MethodFailure, sort_out

pytestmark = pytest.mark.slow


def never(*_: object) -> bool:
    return False


def work(folder: Path, plan: dict[int, str], report: OnValidation) -> Any:
    """What a rank does: as planned, or it waits for the others for ever."""
    distributed.join()
    rank = distributed.rank()
    (folder / f"{rank}.pid").write_text(str(os.getpid()))
    torch.distributed.barrier()
    match plan.get(rank, "wait"):
        case "raise":
            raise ZeroDivisionError(f"rank {rank}")
        case "user error":
            raise UserError("a file is missing")
        case "fail":
            raise MethodFailure("diverged", {"seconds": 1.5})
        case "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        case "exit":
            os._exit(3)
        case "return":
            return f"from rank {rank}"
        case "report":
            return [report(1, 3, 0.5), report(2, 3, None)]
    try:
        torch.distributed.all_reduce(torch.ones(1))
    except Exception as error:
        raise sort_out(error) from error


def gone(folder: Path) -> bool:
    """Whether the ranks are, at last."""
    pids = [int(file.read_text()) for file in folder.glob("*.pid")]
    assert len(pids) == 2
    for _ in range(300):
        if not any(psutil.pid_exists(pid) for pid in pids):
            return True
        time.sleep(0.1)
    return False


def test_what_rank_0_returns_and_reports(tmp_path: Path) -> None:
    told: list[tuple[Any, ...]] = []

    def report(*values: Any) -> bool:
        told.append(values)
        return len(told) == 2

    assert launch(work, (tmp_path, {0: "report", 1: "return"}), 2, report) == [False, True]
    assert told == [(1, 3, 0.5), (2, 3, None)]
    assert gone(tmp_path)


@pytest.mark.parametrize(
    ("plan", "error", "words"),
    [
        ({1: "raise"}, ZeroDivisionError, "rank 1"),
        ({0: "user error", 1: "user error"}, UserError, "a file is missing"),
        ({1: "fail"}, MethodFailure, "diverged"),
        ({1: "killed"}, ChildProcessError, r"rank 1 of 2 was killed by SIGKILL \(out of memory\?\)"),
        ({0: "exit"}, ChildProcessError, r"rank 0 of 2 ended by itself \(exit code 3\)"),
        ({1: "return"}, ConnectionError, "."),
    ],
)
def test_the_cause_of_a_failure_is_raised(
    tmp_path: Path, plan: dict[int, str], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words) as caught:
        launch(work, (tmp_path, plan), 2, never)
    assert type(caught.value) is error
    assert gone(tmp_path)


def test_an_error_of_the_report_ends_the_ranks(tmp_path: Path) -> None:
    def report(*_: object) -> bool:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        launch(work, (tmp_path, {0: "report"}), 2, report)
    assert gone(tmp_path)


def parent(folder: Path) -> None:
    launch(work, (folder, {0: "report"}), 2, lambda *_: bool(time.sleep(600)))


def test_ranks_follow_a_parent_that_is_killed(tmp_path: Path) -> None:
    process = multiprocessing.get_context("spawn").Process(target=parent, args=(tmp_path,))
    process.start()
    while len(list(tmp_path.glob("*.pid"))) < 2:
        assert process.is_alive()
        time.sleep(0.1)
    process.kill()
    process.join()
    assert gone(tmp_path)


@pytest.mark.skipif(torch.cuda.device_count() == 0, reason="needs a GPU")
def test_each_rank_needs_a_gpu(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="this one sees"):
        launch(work, (tmp_path, {}), torch.cuda.device_count() + 1, never)
