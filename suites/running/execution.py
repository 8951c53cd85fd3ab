"""`execute`: one run, from a specification to its record. Reads and writes no store, so it runs anywhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sized
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from pydantic import ValidationError

from provbench.registry import AUGMENTATIONS, MODELS, REGULARIZERS, TASKS, Task, load_plugins
from provbench.registry.base import TakenError, UserError, held, hidden, torch
from provbench.results.store import RunRecord

from ..planning import Place, RunSpec, code_of, data_fingerprint, ensure_synthetic, keep_to_code
from .environment import PeakMemory, git_state, machine, package_versions
from .failures import MethodFailure, OverTimeError, sort_out, whole_traceback
from .run_log import logged

if TYPE_CHECKING:
    import numpy as np
    from torch import nn

    from provbench.benchmarks.training import Outcome

OnValidation = Callable[[int, int, float | None], bool]

MOST_LOADING = 8
"""Processes that load data by default, at most: with decoded images at hand a few feed any GPU."""

PATIENCE = 60.0
"""Seconds to wait for a predecessor: what it started to load data outlives it for some, when it is killed."""


def never_stop(epoch: int, epochs: int, value: float | None) -> bool:
    return False


def execute(spec: RunSpec, place: Place | None = None, report: OnValidation = never_stop) -> RunRecord:
    """Train and score one run, in this process, or in `spec.processes` new ones that train it together.

    report(epochs done, epochs in all, validation value) is called at each validation; answering True prunes the run.
    A method that fails (a loss that is not finite, an error in a plugin) gives a record with status `failed` and the
    reason. What is not the method's fault is raised: `UserError` for data that are missing, broken or not those of the
    specification; `OSError` and `MemoryError` for a full disk, exhausted memory, a process that was killed, a working
    folder that another process has; `OverTimeError` for a run that takes longer than `place.time_limit`; and everything
    that interrupts the process.

    The same specification gives the same record on one kind of device, in any process, interrupted or not, but for its
    times and its environment (`RunRecord.outcome` is what is the same).
    """
    place = place or Place()
    load_plugins(spec.plugins)
    commit, dirty = git_state()
    common: dict[str, Any] = {
        "key": spec.key,
        "suite": spec.suite,
        "task": spec.task.name,
        "protocol": spec.task.version,
        "variant": spec.variant,
        "method": spec.method,
        "phase": spec.phase,
        "seed": spec.seed,
        "parameters": spec.parameters,
        "identity": spec.identity(),
        "fingerprint": spec.fingerprint,
        "device": torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu",
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": commit,
        "dirty": dirty,
        "versions": package_versions(),
        "machine": machine(place.threads),
        "plugins": code_of(spec),
    }
    report = _guarded(report)
    try:
        if spec.processes == 1:
            result = _attempt(spec, place, report)
        else:
            from provbench.benchmarks.training import launch

            result = launch(_attempt, (spec, place), spec.processes, report)
        return RunRecord(**common, **result)
    except MethodFailure as failure:
        return RunRecord(**common, status="failed", reason=failure.reason, **failure.measured)
    except ValidationError as error:
        reason = f"what came out cannot be recorded: {error}"
        return RunRecord(**common, status="failed", reason=reason, traceback=whole_traceback(error))


def _guarded(report: OnValidation) -> OnValidation:
    """`report`, whose errors are no method's: they are raised as `OSError` (or `UserError`)."""

    def guarded(epoch: int, epochs: int, value: float | None) -> bool:
        try:
            return report(epoch, epochs, value)
        except (UserError, OSError):
            raise
        except Exception as error:
            raise OSError(f"epoch {epoch} could not be reported: {type(error).__name__}: {error}") from error

    return guarded


def _attempt(spec: RunSpec, place: Place, report: OnValidation) -> dict[str, Any]:
    """The fields of the record that a training decides, in this process or as a rank. Raises as `sort_out` returns."""
    with hidden("transformers"):  # of which mmengine would register an optimizer
        from provbench.benchmarks.training import distributed, loop  # it takes seconds, before the clock starts

    load_plugins(spec.plugins)
    torch.set_num_threads(place.threads)
    _preload(spec)
    began, memory, deadline = time.monotonic(), PeakMemory(), Deadline(place.time_limit)

    def measured() -> dict[str, float]:
        return {"seconds": round(time.monotonic() - began, 3), "peak_memory_mb": memory.megabytes()}

    file = place.logs / f"{spec.key}.log" if place.logs and distributed.is_rank_0() else None
    try:
        with working_folder(place.work_root, spec.key) if distributed.is_rank_0() else nullcontext() as folder:
            if folder is not None:  # the other ranks wait for this one before they look for a checkpoint
                keep_to_code(folder, code_of(spec))
            with logged(file):
                result = _train(spec, place, report, partial(loop.train, tick=deadline.check))
        largest = distributed.largest_of_ranks(memory.megabytes())
    except (Exception, SystemExit) as error:
        known = sort_out(error)
        if known is error:
            raise
        if isinstance(known, MethodFailure):
            known = MethodFailure(f"{known}{distributed.which_rank()}", {**known.measured, **measured()})
        raise known from error
    return {**result, **measured(), "peak_memory_mb": largest}


def _preload(spec: RunSpec) -> None:
    """Imports what the run needs, so that this counts neither as its time nor as its memory."""
    with suppress(Exception):  # which the run raises again, where it is sorted out
        TASKS.get(spec.task.name).preload()
        MODELS.get(str(spec.task.params["model"]))


def _train(spec: RunSpec, place: Place, report: OnValidation, train: Callable[..., Outcome]) -> dict[str, Any]:
    task = build_task(spec, place)
    if data_fingerprint(task, spec.synthesizer) != spec.fingerprint:
        raise UserError(f"{task.root}: the data have changed since the run was planned: plan it again")
    synthetic = None
    if spec.synthesizer is not None:
        synthetic = ensure_synthetic(task, spec.synthesizer, spec.fingerprint, place.data_root)
    made_by = spec.augmentation
    augmentation = made_by and AUGMENTATIONS.build(made_by.name, **made_by.params)
    final = spec.phase == "final"

    def synthetic_samples(net: nn.Module, count: int) -> dict[str, np.ndarray]:
        from provbench.benchmarks.common import training_pictures

        return training_pictures(task, augmentation, synthetic, net, count)

    outcome = train(
        task,
        augmentation=augmentation,
        regularizers=[REGULARIZERS.build(part.name, **part.params) for part in spec.regularizers],
        synthetic=synthetic,
        seed=spec.seed,
        work_dir=place.work_root / spec.key,
        selection_metric=spec.selection_metric,
        higher_is_better=spec.higher_is_better,
        test=final,
        report=report,
        workers=_loading_processes(place, spec.processes),
        keep=place.keep if final else "none",
        pictures=place.pictures if final else 0,
        draw=(synthetic_samples,),
    )
    return {
        "status": "pruned" if outcome.pruned else "done",
        "reason": f"pruned at epoch {outcome.curve[-1]['epoch']:g}" if outcome.pruned else "",
        "val": outcome.val,
        "test": outcome.test,
        "curve": outcome.curve,
        "test_curve": outcome.test_curve,
        "epoch": outcome.epoch,
        "steps": outcome.steps,
        "seconds_per_step": outcome.seconds_per_step,
        "predictions": outcome.predictions,
        "samples": sample_counts(task),
        "calibrated": outcome.calibrated,
    }


def _loading_processes(place: Place, ranks: int) -> int:
    """Returns how many processes load data for this one; without a GPU training waits for no other device."""
    if place.workers is not None:
        return place.workers
    return min(max(place.threads // ranks - 1, 1), MOST_LOADING) if torch.cuda.is_available() else 0


def sample_counts(task: Task) -> dict[str, int]:
    """Returns the numbers of real training samples and of validation samples."""
    return {"train": task.train_size(), "val": len(cast("Sized", task.eval_data("val")))}


def build_task(spec: RunSpec, place: Place) -> Task:
    """The task of a run, over the data of this place."""
    cls = TASKS.get(spec.task.name)
    return cls(cls.Params(**spec.task.params), variant=spec.variant, data_root=place.data_root)


class Deadline:
    """Begins when it is made. seconds: from then on; None for no limit."""

    def __init__(self, seconds: float | None) -> None:
        self.seconds = seconds
        self._began = time.monotonic()

    def passed_by(self, grace: float = 0.0) -> bool:
        """Returns whether the limit was passed `grace` seconds ago."""
        return self.seconds is not None and time.monotonic() - self._began > self.seconds + grace

    def check(self) -> None:
        """Raises `OverTimeError` when the limit is passed."""
        if self.passed_by():
            raise OverTimeError(self.words)

    @property
    def words(self) -> str:
        """Returns a description of the failure and its remedy."""
        return (
            f"over its time limit of {(self.seconds or 0) / 60:g} minutes; it goes on from its last finished epoch "
            "when it is started again, with a higher --time-limit or this one"
        )


@contextmanager
def working_folder(root: Path, key: str, patience: float = PATIENCE) -> Iterator[Path]:
    """The folder `<key>` under `root`, this process's alone while the body runs.

    Raises `OSError` that says who has it if it is not free within `patience` seconds. The lock dies with its process;
    its files in the folder go when the body ends.
    """
    folder = root / key
    _drop_links(folder)
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        try:
            stack.enter_context(held(folder, patience, clean=True))
        except TakenError as holder:
            raise OSError(f"{folder}: another process is at work on this run{holder}") from None
        yield folder


def _drop_links(folder: Path) -> None:
    """Removes links that somebody put in the place of the folder or into it: the run would write through them."""
    for path in (folder, *(folder.iterdir() if folder.is_dir() and not folder.is_symlink() else ())):
        if path.is_symlink():
            path.unlink()
