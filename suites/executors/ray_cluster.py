"""Runs on a Ray cluster, or on a Ray that is started on this machine for the occasion.

Ray places the runs and notices what dies; retries are the driver's. Ray Tune is not used: its searches and its store
would stand next to the driver's own.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import threading
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path
from textwrap import shorten
from types import ModuleType
from typing import Any, ClassVar
from urllib.parse import urlsplit

from pydantic import Field

from provbench.registry.base import UserError

from . import installation
from .base import Ending, Executor, ExecutorParams, Job, OnValidation
from .installation import difference, installed, run_if_same
from .plugin_files import pack_plugins
from .ray_node import SIGN, Mailbox, Parcel, Returned, sign


class RayParams(ExecutorParams):
    address: str | None = Field(
        None, description="of the cluster: auto, HOST:PORT or ray://HOST:PORT; null: start Ray on this machine"
    )
    jobs: int | None = Field(
        None,
        ge=1,
        description="runs at a time, those included that wait for a node; null: as many as the nodes have room for",
    )
    cpus: float = Field(1, gt=0, description="CPUs that a run asks for")
    gpus: float | None = Field(
        None, ge=0, description="GPUs that a run asks for; null: one for each of its processes if the cluster has GPUs"
    )
    memory_gb: float | None = Field(None, gt=0, description="GiB of memory that a run asks for")
    data_root: Path | None = Field(None, description="folder of the data on the nodes; null: the driver's path")
    work_root: Path | None = Field(None, description="folder that runs work in on the nodes; null: the driver's path")


class RayCluster(Executor):
    """Runs on the nodes of a Ray cluster. A node that is lost costs the runs that were on it.

    Nodes need the driver's provbench, which each run checks first; plugins that are single files are sent. Where a node
    does not share the driver's file system, mini data are made on it and weights and pictures are fetched.
    """

    Params: ClassVar[type[ExecutorParams]] = RayParams
    params: RayParams

    def __init__(self, params: object = None, /, **values: object) -> None:
        super().__init__(params, **values)
        self._ray = _import_ray()
        self._connected = False
        self._tickets = count()
        self._under_way: dict[Any, tuple[int, Job]] = {}
        self._plugins: dict[tuple[str, ...], Mapping[str, bytes]] = {}
        self._sign = uuid.uuid4().hex
        self._signed: set[Path] = set()

    @property
    def slots(self) -> int:
        self._connect()
        return self.params.jobs or max(1, self._room())

    @property
    def threads(self) -> int:
        self._connect()
        return max(1, int(self.params.cpus)) if self._gpus else 1

    @property
    def reads_drivers_data(self) -> bool:
        return self.params.data_root is None

    def submit(self, job: Job) -> None:
        self._connect()
        ticket = next(self._tickets)
        gpus = self._gpus if self.params.gpus is not None else self._gpus * job.spec.processes
        name = f"{job.spec.cell}/{job.spec.method} {job.spec.key[:8]}"
        parcel = self._ray.put(self._pack(ticket, job))
        run = self._run.options(name=name, num_gpus=gpus).remote(self._installed, [parcel], self._mailbox)
        self._under_way[run] = ticket, job

    def wait(self, on_validation: OnValidation) -> Ending:
        assert self._under_way, "no job was submitted"
        try:
            while True:
                waiting = [self._reports, *self._under_way]
                self._ray.wait(waiting, num_returns=1)
                ready, _ = self._ray.wait(waiting, num_returns=len(waiting), timeout=0)
                if self._reports in ready:
                    self._answer(on_validation)
                ended = next((run for run in ready if run in self._under_way), None)
                if ended is not None:
                    return self._finish(ended)
        except self._ray.exceptions.RayError as error:
            raise UserError(
                f"executor ray: lost the cluster ({_first_line(error)}); the same command goes on where this one ended"
            ) from error

    def close(self) -> None:
        """Cancel what runs and leave the cluster; a Ray that was started here ends."""
        if not self._connected:
            return
        for run in self._under_way:
            self._ray.cancel(run, force=True)
        self._under_way.clear()
        self._ray.shutdown()
        self._connected = False
        for root in self._signed:
            (root / SIGN).unlink(missing_ok=True)
        self._signed.clear()

    def _connect(self) -> None:
        if self._connected:
            return
        ray = self._ray
        if ray.is_initialized():
            raise UserError("executor ray: this process is connected to Ray already: call ray.shutdown() first")
        options: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
        if self.params.address is None:
            os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
            options["include_dashboard"] = False
        else:
            _require_answer(self.params.address)
        try:
            with _own_signals():
                ray.init(self.params.address or "local", **options)
        except (ConnectionError, OSError, RuntimeError, ValueError, ray.exceptions.RayError) as error:
            where = f"connect to {self.params.address!r}" if self.params.address else "start Ray here"
            raise UserError(f"executor ray: cannot {where}: {_first_line(error)}") from error
        self._connected = True
        self._prepare()

    def _prepare(self) -> None:
        """Decide what runs ask for, and open the mailbox."""
        ray = self._ray
        some = float(any(node.get("GPU") for node in self._nodes()))
        self._gpus = some if self.params.gpus is None else self.params.gpus
        request: dict[str, Any] = {"num_cpus": self.params.cpus, "num_gpus": self._gpus}
        if self.params.memory_gb is not None:
            request["memory"] = int(self.params.memory_gb * 2**30)
        if self.params.jobs is None and not self._room():
            asked = ", ".join(f"{name} {value:g}" for name, value in self._request().items())
            raise UserError(f"executor ray: no node of the cluster has what a run asks for ({asked})")
        self._installed = installed()  # once: after an edit of provbench, nodes refuse the runs that are left
        ray.cloudpickle.register_pickle_by_value(installation)
        self._run = ray.remote(max_retries=0, **request)(run_if_same)
        strategy = ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy(
            ray.get_runtime_context().get_node_id(), soft=False
        )
        here = ray.remote(num_cpus=0, scheduling_strategy=strategy)
        self._require_same(here(difference))
        self._mailbox = here(Mailbox).remote()
        self._reports = self._mailbox.take.remote()

    def _require_same(self, remote_difference: Any) -> None:
        """Raises `UserError` where the node that the driver is connected to does not have the driver's provbench."""
        try:
            problem = self._ray.get(remote_difference.remote(self._installed))
        except self._ray.exceptions.RayError as error:
            problem = f"nothing runs on the node that the driver is connected to: {_first_line(error)}"
        if problem:
            raise UserError(f"executor ray: {problem}")

    def _request(self) -> dict[str, float]:
        """Returns the resources that a run requests of one node, by Ray's names."""
        memory = (self.params.memory_gb or 0) * 2**30
        asked = {"CPU": self.params.cpus, "GPU": self._gpus, "memory": memory}
        return {name: value for name, value in asked.items() if value}

    def _nodes(self) -> list[Mapping[str, float]]:
        return [node["Resources"] for node in self._ray.nodes() if node["Alive"]]

    def _room(self) -> int:
        """Returns how many runs fit on the present nodes."""
        asked = self._request()
        return sum(min(int(node.get(name, 0) / value) for name, value in asked.items()) for node in self._nodes())

    def _pack(self, ticket: int, job: Job) -> Parcel:
        names = job.spec.plugins
        if names not in self._plugins:
            self._plugins[names] = pack_plugins(names)  # once: a file that is edited meanwhile changes no run
        work_root = job.place.work_root.absolute()
        if work_root not in self._signed:
            work_root.mkdir(parents=True, exist_ok=True)
            sign(work_root, self._sign)
            self._signed.add(work_root)
        place = replace(
            job.place,
            data_root=self.params.data_root or job.place.data_root.absolute(),
            work_root=self.params.work_root or work_root,
        )
        return Parcel(ticket, job, place, self._sign, self._plugins[names])

    def _answer(self, on_validation: OnValidation) -> None:
        """Hand the reports that have arrived on, and send the answers back."""
        jobs = dict(self._under_way.values())
        for ticket, *values in self._ray.get(self._reports):
            if ticket in jobs:  # or its run was lost since
                epoch, epochs, value = values
                self._mailbox.answer.remote(ticket, on_validation(jobs[ticket], epoch, epochs, value))
        self._reports = self._mailbox.take.remote()

    def _finish(self, run: Any) -> Ending:
        """Returns how a run ended; the files that it left are put where a worker on this machine would have left
        them.
        """
        _, job = self._under_way.pop(run)
        errors = self._ray.exceptions
        try:
            returned: Returned | str = self._ray.get(run)
        except errors.RayTaskError as error:
            reason = _last_line(error)
            lacking = reason.startswith(("ModuleNotFoundError", "ImportError"))
            remedy = ": install provbench's dependencies on every node" if lacking else ""
            return Ending(job, None, f"on a node of the cluster: {reason}{remedy}", user_error=lacking)
        except errors.RayError as error:
            return Ending(job, None, f"Ray lost it ({type(error).__name__}): {_first_line(error)}")
        if isinstance(returned, str):
            return Ending(job, None, returned, user_error=True)
        for name, content in returned.files.items():
            path = job.place.work_root / job.spec.key / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        return replace(returned.finished, job=job)


@contextmanager
def _own_signals() -> Iterator[None]:
    """Preserves the process's SIGTERM handler: Ray sets one of its own, which ends the process with code 15."""
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        if before is not None and threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, before)


def _require_answer(address: str) -> None:
    """Raise `UserError` where nobody listens at HOST:PORT; Ray would go on trying for minutes."""
    parts = urlsplit(address if "://" in address else f"//{address}")
    try:
        if parts.hostname and parts.port:
            socket.create_connection((parts.hostname, parts.port), timeout=10).close()
    except (OSError, ValueError) as error:
        raise UserError(
            f"executor ray: nobody answers at address: {address} ({error}): start one with `ray start --head`"
        ) from error


def _import_ray() -> ModuleType:
    os.environ.setdefault("RAY_DEDUP_LOGS_SKIP_REGEX", ".")  # or Ray prints the nodes' warnings among the tables
    try:
        import ray
        import ray.cloudpickle
        import ray.util.scheduling_strategies
    except ImportError as error:
        raise UserError("executor ray: Ray is not installed: pip install 'provbench[ray]'") from error
    return ray


def _brief(lines: str) -> str:
    return shorten(lines, 200, placeholder=" …")


def _first_line(error: BaseException) -> str:
    return _brief(str(error).strip().partition("\n")[0])


def _last_line(error: BaseException) -> str:
    return _brief(str(error).strip().rpartition("\n")[2])
