"""Runs as jobs of a Slurm cluster: submitit submits them, and files on the shared file system carry their reports."""

from __future__ import annotations

import json
import multiprocessing
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar, Literal
from uuid import uuid4

from pydantic import Field

from provbench.registry.base import UserError, atomic_path

from .base import Ending, Executor, ExecutorParams, Job, OnValidation
from .worker import prepare_process

PULSE = "pulse"
"""Name of a file next to the jobs' mailboxes that the driver rewrites for as long as it lives."""
PULSE_SECONDS = 10.0
SILENCE_SECONDS = 300.0
"""Seconds without a pulse after which a run takes its driver for dead and ends."""
LOOK_SECONDS = 0.5
"""Seconds between two looks at the jobs' files."""
LAG_SECONDS = 30.0
"""Seconds by which a result may become visible on a shared file system after Slurm reports that its job has ended."""
_ANSWER = {True: "stop", False: "go on"}


class SlurmParams(ExecutorParams):
    jobs: int | None = Field(None, ge=1, description="runs at a time, those included that wait in the queue; null: 64")
    partition: str | None = Field(None, description="Slurm's partition; null: its default")
    gpus: int = Field(1, ge=0, description="GPUs for each process of a run")
    cpus: int = Field(4, ge=1, description="CPUs for each process of a run, those that load its data included")
    memory_gb: float | None = Field(None, gt=0, description="GiB of memory for a run; null: Slurm's default")
    hours: float = Field(24, gt=0, description="hours after which Slurm ends a job; the run is then tried again")
    options: dict[str, str | int] = Field(
        {}, description="other options of sbatch, by their long names: {account: vision, exclude: node7}"
    )
    logs: Path | None = Field(None, description="folder of the jobs' logs; null: slurm/ in the output folder")
    cluster: Literal["slurm", "local"] = Field("slurm", description="local: processes on this machine, to try it out")


@dataclass
class _Submitted:
    """A job in Slurm's hands. mailbox: the folder of its reports. ended: when Slurm said that it had, by our clock."""

    job: Job
    handle: Any
    mailbox: Path
    ended: float | None = None


class Slurm(Executor):
    """One Slurm job a run. What Slurm ends (preemption, time, a lost node) is lost, and the driver tries it again.

    All nodes see the driver's files under the same paths: its Python environment, plugins, data and output folder.
    A driver that ends cancels its jobs; after one that was killed, they end at their next validation.
    """

    Params: ClassVar[type[ExecutorParams]] = SlurmParams
    params: SlurmParams

    def __init__(self, params: object = None, /, **values: object) -> None:
        super().__init__(params, **values)
        self._submitit = _import_submitit()
        self._under_way: list[_Submitted] = []
        self._office: _Office | None = None

    @property
    def slots(self) -> int:
        return self.params.jobs or 64

    @property
    def threads(self) -> int:
        return self.params.cpus if self.params.gpus else 1

    def submit(self, job: Job) -> None:
        place = replace(job.place, data_root=job.place.data_root.absolute(), work_root=job.place.work_root.absolute())
        if self._office is None:
            self._office = _Office(self.params.logs or place.work_root.with_name("slurm"))
        mailbox = self._office.mailbox()
        sender = self._sender(job, self._office.folder)
        try:
            handle = sender.submit(run_as_job, replace(job, place=place), mailbox)
        except (OSError, RuntimeError, self._submitit.core.utils.FailedJobError) as error:
            raise UserError(f"executor slurm: the job cannot be submitted: {error}") from error
        self._under_way.append(_Submitted(job, handle, mailbox))

    def _sender(self, job: Job, folder: Path) -> Any:
        processes, request = job.spec.processes, self.params
        try:
            sender = self._submitit.AutoExecutor(folder=folder, cluster=request.cluster, slurm_max_num_timeout=0)
        except RuntimeError as error:
            raise UserError(f"executor slurm: there is no Slurm here: {error}") from error
        options: dict[str, Any] = {
            "name": f"provbench-{job.spec.key[:8]}",
            "timeout_min": max(1, round(request.hours * 60)),
            "cpus_per_task": request.cpus * processes,
            "gpus_per_node": request.gpus * processes,
            "mem_gb": request.memory_gb,
            "slurm_partition": request.partition,
            "slurm_additional_parameters": request.options or None,
        }
        sender.update_parameters(**{name: value for name, value in options.items() if value is not None})
        return sender

    def wait(self, on_validation: OnValidation) -> Ending:
        assert self._under_way, "no job was submitted"
        while True:
            for submitted in self._under_way:
                _answer(submitted, on_validation)
                if self._has_ended(submitted):
                    self._under_way.remove(submitted)
                    return self._finish(submitted)
            time.sleep(LOOK_SECONDS)

    def _has_ended(self, submitted: _Submitted) -> bool:
        handle = submitted.handle
        if handle.paths.result_pickle.exists():
            return True
        if not handle.done():
            submitted.ended = None  # Slurm may have put it into the queue again
            return False
        submitted.ended = submitted.ended or time.monotonic()
        lag = LAG_SECONDS if self.params.cluster == "slurm" else LOOK_SECONDS
        return time.monotonic() - submitted.ended > lag

    def _finish(self, submitted: _Submitted) -> Ending:
        """Returns how the job ended. Its log stays; what carried the job and its reports goes."""
        handle, errors = submitted.handle, self._submitit.core.utils
        try:
            if not handle.paths.result_pickle.exists():
                reason = f"Slurm ended job {handle.job_id} ({handle.state}); its log: {handle.paths.stderr}"
                return Ending(submitted.job, None, reason)
            return replace(handle.result(), job=submitted.job)
        except (errors.UncompletedJobError, errors.FailedJobError) as error:
            last = str(error).strip().splitlines()[-1:]
            return Ending(submitted.job, None, f"job {handle.job_id}: {''.join(last)}; log: {handle.paths.stderr}")
        finally:
            _clear(submitted)

    def close(self) -> None:
        for submitted in self._under_way:
            submitted.handle.cancel(check=False)
            _clear(submitted)
        self._under_way.clear()
        if self._office is not None:
            self._office.close()
            self._office = None


class _Office:
    """The driver's folder on the shared file system: logs, mailboxes, and the pulse."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._own = folder / f"driver-{uuid4().hex[:12]}"
        self._own.mkdir(parents=True)
        self._closed = threading.Event()
        threading.Thread(target=self._beat, daemon=True).start()

    def mailbox(self) -> Path:
        mailbox = self._own / uuid4().hex[:12]
        mailbox.mkdir()
        return mailbox

    def _beat(self) -> None:
        beats = 0
        while not self._closed.is_set():
            (self._own / PULSE).write_text(str(beats := beats + 1))
            self._closed.wait(PULSE_SECONDS)

    def close(self) -> None:
        self._closed.set()
        (self._own / PULSE).unlink(missing_ok=True)
        for folder in (*self._own.iterdir(), self._own):
            if folder.is_dir() and not any(folder.iterdir()):
                folder.rmdir()


def _answer(submitted: _Submitted, on_validation: OnValidation) -> None:
    """Answers the reports that lie in a job's mailbox."""
    for report in sorted(submitted.mailbox.glob("*.report")):
        epoch, epochs, value = json.loads(report.read_text())
        stop = bool(on_validation(submitted.job, epoch, epochs, value))
        report.unlink()
        with atomic_path(report.with_suffix(".answer")) as answer:
            answer.write_text(_ANSWER[stop])


def _clear(submitted: _Submitted) -> None:
    """Removes a job's mailbox, and the pickles in which it travelled."""
    for path in submitted.mailbox.glob("*"):
        path.unlink(missing_ok=True)
    submitted.mailbox.rmdir()
    paths = submitted.handle.paths
    for path in (paths.submitted_pickle, paths.result_pickle):
        path.unlink(missing_ok=True)


# on the node


def run_as_job(job: Job, mailbox: Path) -> Ending:
    """Executes a job on a node of the cluster."""
    prepare_process(job.place.threads)
    multiprocessing.set_start_method("fork", force=True)  # for what loads data, as torch and mmengine expect on Linux
    from ..running import execute

    return Ending.of(job, partial(execute, job.spec, job.place, _Reporter(mailbox)))


@dataclass
class _Reporter:
    """Carries a run's validation values to the driver, and waits for the answer."""

    mailbox: Path
    clock: Callable[[], float] = field(default=time.monotonic)

    def __call__(self, epoch: int, epochs: int, value: float | None) -> bool:
        report = self.mailbox / f"{uuid4().hex}.report"
        if not self.mailbox.is_dir():
            raise ConnectionError("the driver has ended")
        with atomic_path(report) as file:
            file.write_text(json.dumps([epoch, epochs, value]))
        text = self._await(report.with_suffix(".answer"))
        return text == _ANSWER[True]

    def _await(self, answer: Path) -> str:
        pulse, since, pause = "", self.clock(), 0.02
        while not answer.exists():
            beat = _read(self.mailbox.parent / PULSE)
            if beat and beat != pulse:
                pulse, since = beat, self.clock()
            if self.clock() - since > SILENCE_SECONDS:
                raise ConnectionError(f"the driver has been silent for {SILENCE_SECONDS:g} s")
            os.listdir(self.mailbox)  # NFS looks again  # noqa: PTH208
            time.sleep(pause := min(1.0, pause * 1.5))
        text = answer.read_text()
        answer.unlink()
        return text


def _read(file: Path) -> str:
    try:
        return file.read_text()
    except OSError:
        return ""


def _import_submitit() -> ModuleType:
    try:
        import submitit
        import submitit.core.utils
    except ImportError as error:
        raise UserError("executor slurm: submitit is not installed: pip install 'provbench[slurm]'") from error
    return submitit
