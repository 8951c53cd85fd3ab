"""One worker process on this machine, as its driver holds it and as it lives.

Each worker has a pipe of its own, over which it reports validation values and is told to go on or to stop, and which
breaks when either side dies. The pools of the standard library (one dead worker breaks the pool), loky (the same) and
pebble (no way back from a running task) do not give both.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from contextlib import suppress
from functools import partial
from io import TextIOWrapper
from multiprocessing.connection import Connection, wait
from typing import Any, cast

import psutil

from .base import Ending, Job
from .threads import limit_threads

_context = multiprocessing.get_context("spawn")
_HINTS = {"SIGKILL": " (out of memory?)", "SIGBUS": " (shared memory full?)"}


class Worker:
    """A worker process and the driver's end of its pipe.

    gpus: what it sees as `CUDA_VISIBLE_DEVICES`; None leaves that as it is. threads: of its numeric libraries.
    """

    def __init__(self, gpus: str | None, threads: int) -> None:
        self.pipe, theirs = _context.Pipe()
        self.process = _context.Process(target=live, args=(theirs, gpus, threads), name="provbench-worker")
        self.process.start()
        theirs.close()

    def send(self, message: Job | bool) -> None:
        """Hand over a job, or answer whether the run is to stop. That a worker is dead shows when its pipe is read."""
        with suppress(OSError):
            self.pipe.send(message)

    def memory_gb(self) -> float:
        """What the worker and its children hold in memory, in GiB; a page that n processes share counts 1/n in each."""
        with suppress(psutil.Error):
            process = psutil.Process(self.process.pid)
            return sum(_resident(member) for member in (process, *process.children(recursive=True))) / 2**30
        return 0.0

    def death(self) -> str:
        """How the process ended, in words. For a worker whose pipe is broken."""
        self.process.join(timeout=10)
        code = self.process.exitcode
        if code is None:
            return "its worker process stopped answering"
        if code >= 0:
            return f"its worker process ended by itself (exit code {code})"
        name = signal.Signals(-code).name
        return f"its worker process was killed by {name}{_HINTS.get(name, '')}"

    def kill(self) -> None:
        """End the process and its children at once, and wait until it is gone."""
        self.pipe.close()
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid or 0, signal.SIGKILL)
        self.process.kill()  # should it not lead its group yet
        self.process.join()


def _resident(process: psutil.Process) -> int:
    with suppress(psutil.Error):
        memory = process.memory_full_info()
        return getattr(memory, "pss", memory.rss)
    return 0


def live(pipe: Connection, gpus: str | None, threads: int) -> None:
    """A worker's life: run what comes over the pipe, until the pipe closes or a run breaks the process."""
    cast(TextIOWrapper, sys.stdout).reconfigure(line_buffering=True)  # or what plugins print would die with the worker
    os.setpgrp()  # so that one signal ends it together with the processes that load its data
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the driver's to handle
    threading.Thread(target=_die_with_driver, daemon=True).start()
    os.register_at_fork(after_in_child=pipe.close)  # or the pipe would outlive the worker in those processes
    if gpus is not None:
        os.environ["CUDA_VISIBLE_DEVICES"] = gpus
    limit_threads(threads)
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
    """Whether its process can run another job: after a failure of the machinery, memory or the GPU may be in ruins."""
    return finished.record is not None or finished.user_error


def _die_with_driver() -> None:
    """Wait for the driver's end, however it comes, and follow it: the next driver starts the run again."""
    driver = multiprocessing.parent_process()
    assert driver is not None
    wait([driver.sentinel])
    os.killpg(0, signal.SIGKILL)
