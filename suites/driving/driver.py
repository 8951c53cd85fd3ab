"""Runs a suite: prepares its data, feeds its runs to an executor, and puts their records into the store.

The driver alone writes the store and the studies. Killed at any moment and started again, it goes on where it was:
finished runs are found by their keys, trials under way are taken up again, and interrupted runs resume from their
checkpoints.
"""

from __future__ import annotations

import shutil
import time
import warnings
from collections import deque
from collections.abc import Collection
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from provbench.registry.base import MissingDataError, UserError
from provbench.results.store import RunRecord, ValView, difference

from ..executors import Ending, Executor, Job, Observer
from ..planning import Cell, Place, Plan, RunSpec, data_fingerprint, describe_missing, missing_inputs
from ..running import checkout
from .cell_runs import CellRuns
from .generation import make_set
from .lost_runs import FILE as LOST_FILE, LostRuns
from .output import Output, RecordCache, is_whole, move_files, output_lock, wanted_epochs, weights_file
from .steering import Steering
from .tally import Faults, Repeats, Tally

if TYPE_CHECKING:
    from optuna.storages import BaseStorage


POLL = 0.5
"""Seconds between two looks of a paused driver with nothing under way."""


@dataclass(frozen=True)
class _Waiting:
    """A cell that waits for a run."""

    cell: CellRuns
    spec: RunSpec


class Driver:
    """Runs one suite; with `finals=False`, only its searches.

    place.keep and place.pictures: what final runs leave in addition to their records. A run that was finished before
    without the weights that are asked for now is trained again for them; its record stays. storage: of the studies, a
    path or a database's URL; default: the journal in the output folder, or what the suite used there before. rerun:
    methods and keys whose finished final runs are repeated; the records that they replace are kept aside.
    """

    def __init__(
        self,
        plan: Plan,
        output: Output,
        executor: Executor,
        place: Place,
        observer: Observer | None = None,
        *,
        retry_failed: bool = False,
        finals: bool = True,
        storage: str | None = None,
        faults: Faults | None = None,
        rerun: Collection[str] = (),
    ) -> None:
        self.plan, self.output, self.executor, self.place = plan, output, executor, place
        self.observer, self.retry_failed, self.finals = observer or Observer(), retry_failed, finals
        self.storage, self.faults, self.repeats = storage, faults or Faults(), Repeats(rerun)
        self.store = output.store
        self.tally = Tally()
        self._waiting: dict[str, list[_Waiting]] = {}
        self._again: deque[Job] = deque()
        """Jobs that were lost, and are to be submitted once more."""
        self._unlucky: dict[str, list[_Waiting]] = {}
        """Final runs that failed or were lost under this driver, and may be tried again on request."""
        self._announced, self._paused = -1, False
        self.steering = Steering(output.root)

    @property
    def _suite_folder(self) -> Path:
        return self.output.suite(self.plan.file.suite.name)

    @property
    def _lost_runs(self) -> LostRuns:
        return LostRuns(self._suite_folder)

    def run(self) -> Tally:
        """Run what is missing. Raises `UserError` where nothing can be run (missing data, a locked folder, …)."""
        fingerprints = self._prepare()  # before the output folder is made: where data are missing, nothing is written
        with output_lock(self.output.root):
            self.steering.begin()
            self._known = RecordCache(self.store)
            self._studies = self._open_studies()
            cells = [
                CellRuns(self.plan, cell, fingerprints[cell], self._studies, self._known.get, self.finals)
                for cell in self.plan.cells
            ]
            if checkout().problem:
                warnings.warn(f"{checkout().problem}; the records name no commit", stacklevel=2)
            self._take_in_earlier(cells)
            with self.executor:
                self._loop(cells)
            self._sync_studies()
        for name in self.repeats.unused:
            warnings.warn(f"--rerun {name}: the suite has no such final run to repeat", stacklevel=2)
        self.tally.without_result = [f"{cell.cell.name}/{cell.cell.method}" for cell in cells if cell.is_without_result]
        return self.tally

    def _take_in_earlier(self, cells: list[CellRuns]) -> None:
        """Count the trials that ended before this driver began; its search asks for none of them again."""
        for cell in cells:
            self.tally.cached += cell.earlier.get("finished", 0) + cell.earlier.get("pruned", 0)
            for spec, reason in cell.failed_trials():
                self.tally.fail(spec, reason)

    def _prepare(self) -> dict[Cell, str]:
        """Make data and synthetic sets ready; the fingerprint of what each cell reads."""
        self._require_inputs()
        for name, cell in self.plan.sections().items():
            task = cell.build_task(self.place.data_root)
            task.prepare(lambda done, total, name=name: self.observer.preparing(f"data of {name}", done, total))
        self._require_inputs()  # again, now that the mini data are there
        fingerprints = self.plan.fingerprints(self.place.data_root)
        for cell in self.plan.cells:
            spec = cell.spec(0, "final", fingerprints[cell])
            if spec.synthesizer is not None:
                what = f"{spec.synthesizer.name} of {cell.name}"
                make_set(cell, spec, self.place.data_root, partial(self.observer.preparing, what))
        return fingerprints

    def _require_inputs(self) -> None:
        """Raises `MissingDataError` that names everything that is missing, for cells that have runs to train."""
        if self.executor.reads_drivers_data:
            missing = missing_inputs(self.plan, self.place.data_root)
            missing = {cell: problems for cell, problems in missing.items() if not self._is_finished(cell)}
            if missing:
                raise MissingDataError(describe_missing(self.plan, missing))

    def _is_finished(self, cell: Cell) -> bool:
        """Returns whether a cell without a search has all its records, so that it needs no weights any more."""
        spec = cell.spec(0, "final", "")
        try:
            fingerprint = data_fingerprint(cell.build_task(self.place.data_root), spec.synthesizer)
        except MissingDataError:
            return False
        found = [self.store.get(spec.key) for spec in self.plan.final_specs(cell, fingerprint)]
        return not self.plan.spaces(cell) and all(record and record.status == "done" for record in found)

    def _open_studies(self) -> BaseStorage | None:
        if not self.plan.file.suite.search.trials:
            return None
        from ..search import open_to_write

        name = self.plan.file.suite.name
        studies = open_to_write(self.output.storage(name, self.storage))
        self.output.remember_storage(name, self.storage)  # now that it is known to work
        return studies

    def _sync_studies(self) -> None:
        """A trial is durable before its run begins, and a report before it is answered; its end is in its record."""
        if self._studies is not None:
            from ..search import sync

            sync(self._studies)

    def _loop(self, cells: list[CellRuns]) -> None:
        queue = deque(cells)
        self._announce(cells)
        while True:
            paused = self._steer()
            while not paused and self._has_room() and self._start_one(queue):
                self._announce(cells)
            if len(self._waiting) > len(self._again):
                self._take_in(self.executor.wait(self._reported))
            elif paused:
                time.sleep(POLL)
            elif not self._waiting:
                return

    def _has_room(self) -> bool:
        return len(self._waiting) - len(self._again) < self.executor.slots

    def _steer(self) -> bool:
        """Obeys requests of other commands; returns whether no new run is to start."""
        self.steering.obey_stop()
        for key in self.steering.retries():
            if (waiting := self._unlucky.pop(key, None)) is not None:
                self.tally.failed.pop(key, None)
                self.tally.lost.pop(key, None)
                self.faults.forget(key)
                self._waiting[key] = waiting
                self._again.append(Job(waiting[0].spec, self.place))
        paused = self.steering.paused
        if paused != self._paused:
            self._paused = paused
            self.observer.paused(paused)
        return paused

    def _announce(self, cells: list[CellRuns]) -> None:
        """Tell how many runs the suite needs, whenever that has changed: a search may choose fewer than it could."""
        needed = sum(cell.needed for cell in cells)
        if needed != self._announced:
            self._announced = needed
            self.observer.planned(needed, sum(sum(cell.earlier.values()) for cell in cells))

    def _start_one(self, queue: deque[CellRuns]) -> bool:
        """Start a lost run again, or a run of the first cell that has one, which goes to the end; False if none."""
        if self._again:
            self._submit(self._again.popleft())
            return True
        for _ in range(len(queue)):
            cell = queue[0]
            queue.rotate(-1)
            spec = cell.next()
            if spec is not None:
                self._start(cell, spec)
                return True
        return False

    def _start(self, cell: CellRuns, spec: RunSpec) -> None:
        if spec.key in self._waiting:
            self._waiting[spec.key].append(_Waiting(cell, spec))
            return
        known = self._known.get(spec.key)
        if known is not None and self._counts(cell, spec, known):
            self.tally.cached += known.status != "failed"
            self._ended(_Waiting(cell, spec), known, cached=True)
            return
        self._waiting[spec.key] = [_Waiting(cell, spec)]
        self._submit(Job(spec, self.place))

    def _counts(self, cell: CellRuns, spec: RunSpec, known: RunRecord) -> bool:
        """Returns whether an existing record makes a run needless."""
        if self.repeats.ask_for(spec) and not self.faults.tries(spec.key):
            return False
        if known.status == "failed" and self.retry_failed and not self.faults.tries(spec.key):
            return False
        wanted = wanted_epochs(known, spec.selection_metric, self.place.keep, spec.higher_is_better)
        kept = all(is_whole(weights_file(self.output.weights(spec.key), epoch)) for epoch in wanted)
        return cell.settles(spec, known) and kept

    def _submit(self, job: Job) -> None:
        self._sync_studies()
        self.faults.begin(job.spec.key)
        self.executor.submit(job)
        self.observer.started(job)

    def _reported(self, job: Job, epoch: int, epochs: int, value: float | None) -> bool:
        self.observer.reported(job, epoch, epochs, value)
        self.steering.obey_stop()
        answers = [one.cell.reported(one.spec, epoch, value) for one in self._waiting[job.spec.key]]
        self._sync_studies()
        return all(answers)

    def _take_in(self, finished: Ending) -> None:
        key = finished.job.spec.key
        if finished.user_error:
            raise UserError(finished.error)
        if finished.record is None:
            self._lost(finished)
            return
        record = finished.record.model_copy(update={"attempt": self.faults.tries(key)})
        record = self._put(record)
        if (self._suite_folder / LOST_FILE).exists():
            self._lost_runs.discard(key)
        shutil.rmtree(self.place.work_root / key, ignore_errors=True)
        self.tally.trained += record.status != "failed"
        waiting = self._waiting.pop(key)
        if record.status == "failed" and record.phase == "final":
            self._unlucky[key] = waiting
        for number, one in enumerate(waiting):
            self._ended(one, record, cached=number > 0)
        self.faults.count(key, record, record.reason)

    def _put(self, record: RunRecord) -> RunRecord:
        """Stores a record and the files of its run; returns the record that counts, if there was one already."""
        known = self._known.get(record.key)
        if known is not None and known.status == "done" and record.key in self.repeats:
            return self._repeat(known, record)
        if known is not None and known.status == "done":
            differs = difference(known, record)
            if differs is None:
                self._keep_files(record)
            else:
                message = f"{record.key} was repeated for its weights, and came out differently: they are not kept"
                warnings.warn(f"{message} ({differs.field}: {differs.other} instead of {differs.one})", stacklevel=2)
            return known
        self._keep_files(record)  # before the record, which makes the run count as finished
        self._known.put(record)
        return record

    def _repeat(self, known: RunRecord, record: RunRecord) -> RunRecord:
        """Put a repetition in the place of a finished record, which is kept aside. One that failed replaces nothing."""
        if record.status == "failed":
            warnings.warn(f"{record.key} was repeated and failed: its finished record stays", stacklevel=2)
            return record
        differs = difference(known, record)
        folder = self.store.supersede(record.key)
        if differs is not None:
            move_files(self.output.weights(record.key), folder / "weights")
            move_files(self.output.pictures(record.key), folder / "pictures")
        self._keep_files(record)
        self._known.put(record)
        self.tally.repeated[record.key] = (
            "the same" if differs is None else f"{differs.field} is {differs.other}, and was {differs.one}"
        )
        return record

    def _lost(self, finished: Ending) -> None:
        """A run ended without a record, through no fault of its method."""
        spec = finished.job.spec
        if not finished.over_time and self.faults.again(spec.key):
            self.tally.retried += 1
            self._again.append(finished.job)
            self.observer.retried(spec, finished.error)
            return
        self.tally.lost[spec.key] = finished.error
        self._lost_runs.add(spec, finished.error, over_time=finished.over_time)
        waiting = self._waiting.pop(spec.key)
        if spec.phase == "final":
            self._unlucky[spec.key] = waiting
        for one in waiting:
            one.cell.lost(one.spec)
            self.observer.lost(one.spec, finished.error)
        self.faults.count(spec.key, None, finished.error)

    def _ended(self, one: _Waiting, record: RunRecord, cached: bool) -> None:
        if record.status == "failed":
            self.tally.fail(one.spec, record.reason)
        one.cell.ended(one.spec, ValView.of(record))
        self.observer.finished(one.spec, record, cached)

    def _keep_files(self, record: RunRecord) -> None:
        """Moves the files that a run leaves out of its working folder."""
        if record.status == "done":
            work = self.place.work_root / record.key
            move_files(work / "weights", self.output.weights(record.key))
            move_files(work / "pictures", self.output.pictures(record.key))
