"""Code of the Ray executor that runs on the cluster: the runs on its nodes, and the mailbox on the driver's machine."""

from __future__ import annotations

import asyncio
import importlib
import platform
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from filelock import FileLock

from provbench.registry import load_plugins, no_progress
from provbench.registry.base import UserError, derived_folders, is_locked, real_children
from provbench.results.store import RunRecord

from ..planning import Place
from .base import Ending, Job
from .plugin_files import unpack_plugins
from .worker import prepare_process

SIGN = ".driver"
"""A file under work_root by which a node knows that it shares the driver's file system."""


LEFT = ("weights", "pictures")
"""Folders of a run's working folder that the driver wants to have."""


def sign(work_root: Path, text: str) -> None:
    """Write the sign, in a new file: a link that is there is replaced, not followed."""
    (work_root / SIGN).unlink(missing_ok=True)
    with (work_root / SIGN).open("x") as file:
        file.write(text)


def leftovers(work_root: Path) -> list[Path]:
    """Returns what a killed driver left in its work root."""
    return [path for path in (work_root / SIGN,) if path.is_file() and not path.is_symlink()]


@dataclass(frozen=True)
class Parcel:
    """A job on its way to a node.

    place: as the nodes see it. sign: what the driver wrote into a file under its work_root. plugins: contents of files.
    """

    ticket: int
    job: Job
    place: Place
    sign: str
    plugins: Mapping[str, bytes]

    @property
    def shares_files(self) -> bool:
        """Returns whether the driver sees the files under work_root on this machine."""
        try:
            return (self.place.work_root / SIGN).read_text() == self.sign
        except OSError:
            return False


@dataclass(frozen=True)
class Returned:
    """Result of a job, with the files under its working folder, by relative path, if the driver cannot see them."""

    finished: Ending
    files: Mapping[str, bytes]


class Mailbox:
    """Carries validation values to the driver and its answers back to the runs. Lives on the driver's node."""

    def __init__(self) -> None:
        self._arrived: asyncio.Queue[tuple[Any, ...]] = asyncio.Queue()
        self._answers: dict[int, asyncio.Future[bool]] = {}

    async def report(self, ticket: int, *values: Any) -> bool:
        """A run's: deliver a report and wait for the answer."""
        self._answers[ticket] = asyncio.get_running_loop().create_future()
        self._arrived.put_nowait((ticket, *values))
        return await self._answers[ticket]

    async def take(self) -> list[tuple[Any, ...]]:
        """The driver's: what has arrived, as soon as anything has."""
        reports = [await self._arrived.get()]
        while not self._arrived.empty():
            reports.append(self._arrived.get_nowait())
        return reports

    async def answer(self, ticket: int, stop: bool) -> None:
        self._answers.pop(ticket).set_result(stop)


def run_on_node(parcel: Parcel, mailbox: Any) -> Returned:
    """Execute a job here: its plugins are loaded and its data prepared first, and what it left is packed up."""
    prepare_process(parcel.place.threads)
    finished = Ending.of(parcel.job, lambda: _run(parcel, mailbox))
    if finished.user_error:
        finished = replace(finished, error=f"node {platform.node()}: {finished.error}")
    folder = parcel.place.work_root / parcel.job.spec.key
    if finished.record is None or parcel.shares_files:
        return Returned(finished, {})
    files = _read_files(folder)
    shutil.rmtree(folder, ignore_errors=True)
    return Returned(finished, files)


def _run(parcel: Parcel, mailbox: Any) -> RunRecord:
    import ray

    _require_libraries()
    from ..running import build_task, execute

    def report(*values: Any) -> bool:
        return ray.get(mailbox.report.remote(parcel.ticket, *values))

    spec = unpack_plugins(parcel.job.spec, parcel.plugins)
    load_plugins(spec.plugins)
    _prepare(build_task(spec, parcel.place))
    return execute(spec, parcel.place, report)


def _require_libraries() -> None:
    try:
        importlib.import_module("provbench.benchmarks.training.loop")
    except ImportError as error:
        raise UserError(f"{error}: install provbench's dependencies on every node of the cluster") from error


_prepared: set[tuple[str, Path]] = set()


def _prepare(task: Any) -> None:
    """Make generated data if this node has none, one process for all; check that others are there."""
    if (task.name, task.root) in _prepared:
        return
    if task.generated:
        task.root.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(_prepare_lock(task.root.parent, task.root.name)):
            task.prepare(no_progress)
    else:
        task.prepare(no_progress)
    _prepared.add((task.name, task.root))


def data_leftovers(data_root: Path) -> list[Path]:
    """Returns the locks that nobody holds under which nodes made mini data ready."""
    made = [path for root in derived_folders(data_root) for path in real_children(root) if path.is_dir()]
    locks = [_prepare_lock(path.parent, path.name) for path in made]
    return [lock for lock in locks if lock.is_file() and not is_locked(lock)]


def _prepare_lock(data_root: Path, name: str) -> Path:
    return data_root / f".{name}.prepare.lock"


def _read_files(folder: Path) -> dict[str, bytes]:
    files = [path for name in LEFT for path in sorted((folder / name).rglob("*")) if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}
