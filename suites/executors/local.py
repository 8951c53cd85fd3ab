"""A pool of worker processes on this machine, GPUs assigned round-robin.

Each worker has a pipe of its own, over which it reports validation values and is told to go on or to stop, and which
breaks when either side dies. The pools of the standard library (one dead worker breaks the pool), loky (the same) and
pebble (no way back from a running task) do not give both.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any

from ...registry import UserError
from .base import Executor, Finished, Job, OnReport

_context = multiprocessing.get_context("spawn")


@dataclass
class _Worker:
    process: BaseProcess
    pipe: Connection
    job: Job | None = None


class Local(Executor):
    """Up to `jobs` worker processes. A worker that dies costs its own run and is replaced."""

    def __init__(self, params: object = None, /, **values: object) -> None:
        super().__init__(params, **values)
        self._workers: list[_Worker] = []
        self._started = 0

    def submit(self, job: Job) -> None:
        worker = next((worker for worker in self._workers if worker.job is None), None) or self._start()
        worker.job = job
        worker.pipe.send(job)

    def wait(self, on_report: OnReport) -> Finished:
        while True:
            busy = {worker.pipe: worker for worker in self._workers if worker.job is not None}
            for pipe in wait(list(busy)):
                finished = self._receive(busy[pipe], on_report)  # pyright: ignore[reportArgumentType]
                if finished is not None:
                    return finished

    def _receive(self, worker: _Worker, on_report: OnReport) -> Finished | None:
        job = worker.job
        assert job is not None
        try:
            message = worker.pipe.recv()
            if isinstance(message, tuple):
                worker.pipe.send(on_report(job, *message))
                return None
        except (EOFError, OSError):
            worker.process.join(timeout=10)
            self._workers.remove(worker)
            return Finished(job, None, f"its worker process died (exit code {worker.process.exitcode})")
        worker.job = None
        return message

    def _start(self) -> _Worker:
        mine, theirs = _context.Pipe()
        process = _context.Process(target=_work, args=(theirs, _gpu_for(self._started)), name="provbench-worker")
        self._started += 1
        process.start()
        theirs.close()
        self._workers.append(_Worker(process, mine))
        return self._workers[-1]

    def close(self) -> None:
        for worker in self._workers:
            worker.pipe.close()
            worker.process.terminate()
        for worker in self._workers:
            worker.process.join(timeout=10)
            if worker.process.is_alive():
                worker.process.kill()
        self._workers.clear()


def _gpu_for(number: int) -> str | None:
    """The visible GPU that worker `number` gets, as CUDA_VISIBLE_DEVICES wants it; None where there is none."""
    import torch

    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    gpus = visible.split(",") if visible else [str(index) for index in range(torch.cuda.device_count())]
    return gpus[number % len(gpus)] if gpus and visible != "" else None


def _work(pipe: Connection, gpu: str | None) -> None:
    """A worker's life: run what comes over the pipe, until the pipe closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the driver's to handle
    if gpu is not None:
        os.environ["CUDA_VISIBLE_DEVICES"] = gpu
    multiprocessing.set_start_method("fork", force=True)  # for what loads data, as torch and mmengine expect on Linux
    from ..execute import execute

    def report(*values: Any) -> bool:
        pipe.send(values)
        return bool(pipe.recv())

    try:
        while True:
            job: Job = pipe.recv()
            try:
                finished = Finished(job, execute(job.spec, job.place, report))
            except (BrokenPipeError, EOFError):
                return
            except UserError as error:
                finished = Finished(job, None, str(error), user_error=True)
            except Exception as error:
                finished = Finished(job, None, f"{type(error).__name__}: {error}")
            pipe.send(finished)
    except (BrokenPipeError, EOFError, ConnectionResetError):
        return  # the driver is gone
