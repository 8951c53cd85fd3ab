"""One worker process on this machine, as its driver holds it and as it lives."""

from __future__ import annotations

import multiprocessing
import os
import sys
from contextlib import suppress
from functools import partial
from io import TextIOWrapper
from multiprocessing.connection import Connection
from typing import Any, cast

import psutil

from provbench.registry.base import Child, keep_freed_memory

from .base import Ending, Job

_LIBRARIES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OPENCV_FOR_THREADS_NUM")
"""Each is read once, when its library is loaded."""


class Worker(Child):
    """A worker process: over its pipe it reports validation values, and receives the order to continue or to stop.

    gpus: what it sees as `CUDA_VISIBLE_DEVICES`; None leaves that as it is. threads: of its numeric libraries.
    """

    def __init__(self, gpus: str | None, threads: int) -> None:
        super().__init__(live, gpus, threads, name="provbench-worker", group=True)

    def memory_gb(self) -> float:
        """Returns the memory of the worker and its children, in GiB; a page that n processes share counts 1/n in
        each.
        """
        with suppress(psutil.Error):
            process = psutil.Process(self.process.pid)
            return sum(_resident(member) for member in (process, *process.children(recursive=True))) / 2**30
        return 0.0


def _resident(process: psutil.Process) -> int:
    with suppress(psutil.Error):
        memory = process.memory_full_info()
        return getattr(memory, "pss", memory.rss)
    return 0


def live(pipe: Connection, gpus: str | None, threads: int) -> None:
    """A worker's life: run what comes over the pipe, until the pipe closes or a run breaks the process."""
    cast(TextIOWrapper, sys.stdout).reconfigure(line_buffering=True)  # or what plugins print would die with the worker
    if gpus is not None:
        os.environ["CUDA_VISIBLE_DEVICES"] = gpus
    prepare_process(threads)
    multiprocessing.set_start_method("fork", force=True)  # for what loads data, as torch and mmengine expect on Linux
    with suppress(EOFError, BrokenPipeError, ConnectionResetError):  # the driver is gone
        while _serve(pipe, pipe.recv()):
            pass


def _serve(pipe: Connection, job: Job) -> bool:
    """Run one job and send how it ended; whether this process is still good for another one."""
    from ..running import execute

    def report(*values: Any) -> bool:
        pipe.send(values)
        return bool(pipe.recv())

    finished = Ending.of(job, partial(execute, job.spec, job.place, report))
    pipe.send(finished)
    return usable_after(finished)


def usable_after(finished: Ending) -> bool:
    """Returns whether its process can run another job: after a failure of the machinery, memory or the GPU may be in
    ruins.
    """
    return finished.record is not None or finished.user_error


def prepare_process(threads: int) -> None:
    """Prepares a process for runs: its numeric libraries have `threads` threads, and its heap keeps freed memory."""
    limit_threads(threads)
    keep_freed_memory()


def limit_threads(count: int) -> None:
    """Gives every numeric library that this process loads from now on `count` threads.

    torch's own operators follow `Place.threads` in any case; without this, beside them each process would start as
    many threads of BLAS and OpenCV as the machine has cores.
    """
    os.environ.update(dict.fromkeys(_LIBRARIES, str(count)))
