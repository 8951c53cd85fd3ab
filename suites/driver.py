"""Runs a suite: prepares its data, feeds its runs to an executor, and puts their records into the store.

The driver alone writes the store and the studies. Killed at any moment and started again, it goes on where it was:
finished runs are found by their keys, trials under way are taken up again, and interrupted runs resume from their
checkpoints.
"""

from __future__ import annotations

import shutil
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from ..registry import UserError
from ..results import Store
from ..results.record import RunRecord
from .cell_runs import CellRuns
from .executors import Executor, Finished, Job
from .lock import output_lock
from .observer import Observer
from .plan import Cell, Plan
from .spec import Place, RunSpec
from .synthetic import ensure_synthetic


@dataclass(frozen=True)
class Output:
    """The output folder: one store for all suites, and a folder of its own for each suite's studies and tables."""

    root: Path

    @property
    def store(self) -> Store:
        return Store(self.root)

    @property
    def checkpoints(self) -> Path:
        return self.root / "checkpoints"

    @property
    def work(self) -> Path:
        return self.root / "work"

    @property
    def trackers(self) -> Path:
        return self.root / "trackers"

    def suite(self, name: str) -> Path:
        return self.root / "suites" / name

    def journal(self, suite: str) -> Path:
        return self.suite(suite) / "studies.journal"


@dataclass
class Tally:
    """What a driver did."""

    trained: int = 0
    cached: int = 0
    failed: dict[str, str] = field(default_factory=dict)
    """Key to reason, of the method's failures, cached ones included."""
    lost: dict[str, str] = field(default_factory=dict)
    """Key to what happened, of runs that have no record."""


@dataclass(frozen=True)
class _Waiting:
    """A cell that waits for a run."""

    cell: CellRuns
    spec: RunSpec


class Driver:
    """Runs one suite. keep: whether the weights of finished runs are kept, as `checkpoints/<key>.pth`."""

    def __init__(
        self,
        plan: Plan,
        output: Output,
        executor: Executor,
        place: Place,
        observer: Observer | None = None,
        keep: Literal["none", "final"] = "none",
        retry_failed: bool = False,
    ) -> None:
        self.plan, self.output, self.executor, self.place = plan, output, executor, place
        self.observer, self.keep, self.retry_failed = observer or Observer(), keep, retry_failed
        self.store = output.store
        self.tally = Tally()
        self._waiting: dict[str, list[_Waiting]] = {}

    def run(self) -> Tally:
        """Run what is missing. Raises `UserError` where nothing can be run (missing data, a locked folder, …)."""
        fingerprints = self._prepare()  # before the output folder is made: where data are missing, nothing is written
        with output_lock(self.output.root):
            cells = open_cells(self.plan, self.output, fingerprints)
            self.observer.planned(sum(cell.total for cell in cells))
            with self.executor:
                self._loop(cells)
        return self.tally

    def _prepare(self) -> dict[Cell, str]:
        """Make data and synthetic sets ready; the fingerprint of what each cell reads."""
        for name, cell in self.plan.sections().items():
            task = cell.build_task(self.place.data_root)
            task.prepare(lambda done, total, name=name: self.observer.preparing(f"data of {name}", done, total))
        fingerprints = self.plan.fingerprints(self.place.data_root)
        for cell in self.plan.cells:
            spec = cell.spec(0, "final", fingerprints[cell])
            if spec.synthesizer is not None:
                what = f"{spec.synthesizer.name} of {cell.name}"
                ensure_synthetic(
                    cell.build_task(self.place.data_root),
                    spec.synthesizer,
                    spec.fingerprint,
                    self.place.data_root,
                    lambda done, total, what=what: self.observer.preparing(what, done, total),
                )
        return fingerprints

    def _loop(self, cells: list[CellRuns]) -> None:
        queue = deque(cells)
        while True:
            while len(self._waiting) < self.executor.slots and self._start_one(queue):
                pass
            if not self._waiting:
                return
            self._take_in(self.executor.wait(self._reported))

    def _start_one(self, queue: deque[CellRuns]) -> bool:
        """Start one run of the first cell that has one (or find it finished), and put that cell last; False if none."""
        for _ in range(len(queue)):
            cell = queue[0]
            queue.rotate(-1)
            spec = cell.next()
            if spec is not None:
                self._start(cell, spec)
                return True
        return False

    def _start(self, cell: CellRuns, spec: RunSpec) -> None:
        known = self.store.get(spec.key)
        if known is not None and not (known.status == "failed" and self.retry_failed):
            self.tally.cached += 1
            self._ended(cell, spec, known, cached=True)
        elif spec.key in self._waiting:
            self._waiting[spec.key].append(_Waiting(cell, spec))
        else:
            self._waiting[spec.key] = [_Waiting(cell, spec)]
            job = Job(spec, self.place)
            self.executor.submit(job)
            self.observer.started(job)

    def _reported(self, job: Job, epoch: int, epochs: int, value: float | None) -> bool:
        self.observer.reported(job, epoch, epochs, value)
        return False

    def _take_in(self, finished: Finished) -> None:
        key = finished.job.spec.key
        waiting = self._waiting.pop(key)
        if finished.user_error:
            raise UserError(finished.error)
        if finished.record is None:
            self.tally.lost[key] = finished.error
            for one in waiting:
                one.cell.lost(one.spec)
                self.observer.lost(one.spec, finished.error)
            return
        self._keep_weights(finished.record)  # before the record, which would make the run count as finished
        self.store.put(finished.record)
        shutil.rmtree(self.place.work_root / key, ignore_errors=True)
        self.tally.trained += 1
        for number, one in enumerate(waiting):
            self._ended(one.cell, one.spec, finished.record, cached=number > 0)

    def _ended(self, cell: CellRuns, spec: RunSpec, record: RunRecord, cached: bool) -> None:
        if record.status == "failed":
            self.tally.failed[record.key] = record.reason
        cell.ended(spec, record)
        self.observer.finished(spec, record, cached)

    def _keep_weights(self, record: RunRecord) -> None:
        """Move a finished run's weights out of its working folder, if they are asked for."""
        weights = self.place.work_root / record.key / "weights.pth"
        if self.keep == "final" and record.phase == "final" and weights.is_file():
            self.output.checkpoints.mkdir(parents=True, exist_ok=True)
            shutil.move(weights, self.output.checkpoints / f"{record.key}.pth")


def open_cells(plan: Plan, output: Output, fingerprints: Mapping[Cell, str]) -> list[CellRuns]:
    """Every cell of a plan with its study, if the suite searches."""
    storage = None
    if plan.file.suite.search.trials:
        from .search import open_storage

        storage = open_storage(output.journal(plan.file.suite.name))
    return [CellRuns(plan, cell, fingerprints[cell], storage) for cell in plan.cells]
