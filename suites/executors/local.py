"""A pool of worker processes on this machine, each with its share of the GPUs."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from multiprocessing.connection import wait
from pathlib import Path
from typing import ClassVar

from pydantic import Field

from provbench.registry.base import UserError

from ..running import Deadline, usable_cores
from .base import Ending, Executor, ExecutorParams, Job, OnValidation
from .worker import Worker, usable_after

INTERVAL = 1.0
"""Seconds between two looks at the workers' memory and time."""
GRACE = 30.0
"""Seconds after its time limit in which a run can end itself, before it is killed."""


class LocalParams(ExecutorParams):
    jobs: int | None = Field(
        None, ge=1, description="runs at a time; null: runs_per_gpu for each group of GPUs, or one a core without GPUs"
    )
    gpus_per_run: int = Field(1, ge=1, description="GPUs that a run sees; more than one for runs of several processes")
    runs_per_gpu: int = Field(1, ge=1, description="runs that share a group of GPUs, where jobs is null")
    memory_limit_gb: float | None = Field(
        None, gt=0, description="GiB of memory; a run whose processes hold more is killed and counts as lost"
    )


@dataclass
class _Slot:
    """Room for one run. A worker that is replaced leaves its GPUs to the next one."""

    gpus: str | None
    worker: Worker | None = None
    job: Job | None = None
    deadline: Deadline = field(default_factory=lambda: Deadline(None))


class Local(Executor):
    """Worker processes on this machine, one run each at a time.

    A worker that dies costs its own run and is replaced. A driver that dies takes its workers along.
    """

    Params: ClassVar[type[ExecutorParams]] = LocalParams
    params: LocalParams

    def __init__(self, params: object = None, /, **values: object) -> None:
        super().__init__(params, **values)
        groups = gpu_groups(visible_gpus(), self.params.gpus_per_run)
        count = self.params.jobs or len(groups) * self.params.runs_per_gpu or usable_cores()
        self._slots = [_Slot(groups[number % len(groups)] if groups else None) for number in range(count)]

    @property
    def slots(self) -> int:
        return len(self._slots)

    @property
    def threads(self) -> int:
        return max(1, usable_cores() // self.slots) if self._slots[0].gpus else 1

    def submit(self, job: Job) -> None:
        slot = next(slot for slot in self._slots if slot.job is None)
        if slot.worker is not None and not slot.worker.process.is_alive():
            self._vacate(slot)
        if slot.worker is None:
            slot.worker = Worker(slot.gpus, job.place.threads)
        slot.job, slot.deadline = job, Deadline(job.place.time_limit)
        slot.worker.send(job)

    def wait(self, on_validation: OnValidation) -> Ending:
        while True:
            busy = {slot.worker.pipe: slot for slot in self._slots if slot.worker and slot.job}
            assert busy, "no job was submitted"
            limited = self.params.memory_limit_gb or any(slot.deadline.seconds for slot in busy.values())
            interval = INTERVAL if limited else None
            for pipe in wait(list(busy), interval):
                finished = self._receive(busy[pipe], on_validation)  # pyright: ignore[reportArgumentType]
                if finished is not None:
                    return finished
            for slot in busy.values():
                finished = self._check_memory(slot) or self._check_time(slot)
                if finished is not None:
                    return finished

    def _receive(self, slot: _Slot, on_validation: OnValidation) -> Ending | None:
        """Answer a report, or take in how the slot's job ended."""
        assert slot.worker is not None
        assert slot.job is not None
        try:
            message = slot.worker.pipe.recv()
        except (EOFError, OSError):
            return self._lost(slot, f"its worker process {slot.worker.death()}")
        if isinstance(message, tuple):
            slot.worker.send(on_validation(slot.job, *message))
            return None
        slot.job = None
        if not usable_after(message):
            self._vacate(slot)
        return message

    def _check_memory(self, slot: _Slot) -> Ending | None:
        limit = self.params.memory_limit_gb
        if limit is None or slot.worker is None:
            return None
        held = slot.worker.memory_gb()
        if held <= limit:
            return None
        return self._lost(slot, f"its processes held {held:.2f} GiB of memory, over memory_limit_gb: {limit:g}; killed")

    def _check_time(self, slot: _Slot) -> Ending | None:
        if slot.job is None or not slot.deadline.passed_by(GRACE):
            return None
        return replace(
            self._lost(slot, f"{slot.deadline.words} (it did not end itself, and was killed)"), over_time=True
        )

    def _lost(self, slot: _Slot, error: str) -> Ending:
        job, slot.job = slot.job, None
        assert job is not None
        self._vacate(slot)
        return Ending(job, None, error)

    def _vacate(self, slot: _Slot) -> None:
        if slot.worker is not None:
            slot.worker.kill()
            slot.worker = None

    def close(self) -> None:
        for slot in self._slots:
            self._vacate(slot)
            slot.job = None


def visible_gpus() -> list[str]:
    """The GPUs that this process may use, as `CUDA_VISIBLE_DEVICES` names them; [] where there is none."""
    if not has_gpu_driver():
        return []
    import torch

    count = torch.cuda.device_count()
    names = os.environ.get("CUDA_VISIBLE_DEVICES")
    return names.split(",")[:count] if names else [str(index) for index in range(count)]


def has_gpu_driver() -> bool:
    """Returns whether a driver of CUDA or ROCm is installed; without one there is no need to import torch."""
    try:
        ctypes.CDLL("libcuda.so.1")
    except OSError:
        return Path("/dev/kfd").exists()
    return True


def gpu_groups(gpus: Sequence[str], per_run: int) -> list[str]:
    """Disjoint groups of `per_run` GPUs, each as `CUDA_VISIBLE_DEVICES` wants it; a remainder stays unused.

    Without GPUs there is no group, and runs share the cores. Raises `UserError` where there are fewer than `per_run`.
    """
    if gpus and len(gpus) < per_run:
        raise UserError(f"executor local: gpus_per_run: {per_run}, but this machine shows {len(gpus)} GPUs")
    return [",".join(gpus[start : start + per_run]) for start in range(0, len(gpus) - per_run + 1, per_run)]
