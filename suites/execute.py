"""`execute`: one run, from a specification to its record. Reads and writes no store, so it runs anywhere."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ..registry import AUGMENTATIONS, REGULARIZERS, TASKS, Task, UserError, load_plugins
from ..registry.lazy import torch
from ..results.record import RunRecord
from .environment import git_state, package_versions
from .memory import PeakMemory
from .spec import Place, RunSpec
from .synthetic import data_fingerprint, ensure_synthetic

if TYPE_CHECKING:
    from ..benchmarks.training.loop import Outcome

Report = Callable[[int, int, float | None], bool]


def never_stop(epoch: int, epochs: int, value: float | None) -> bool:
    return False


def execute(spec: RunSpec, place: Place | None = None, report: Report = never_stop) -> RunRecord:
    """Train and score one run.

    report(epochs done, epochs in all, validation value) is called at each validation; answering True prunes the run.
    A method that fails (a loss that is not finite, an error in a plugin) gives a record with status `failed` and the
    reason. What is not the method's fault is raised: `UserError` for data that are missing, broken or not those of the
    specification, and everything that interrupts the process.

    The same specification gives the same record on one kind of device, in any process, interrupted or not, but for its
    times and its environment (`RunRecord.outcome` is what is the same).
    """
    from ..benchmarks.training import loop  # before the clock starts: it takes seconds, once in a process

    place = place or Place()
    load_plugins(spec.plugins)
    torch.set_num_threads(place.threads)
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
    }
    began = time.monotonic()
    memory = PeakMemory()
    try:
        result = _train(spec, place, report, loop.train)
    except (UserError, OSError, MemoryError, torch.OutOfMemoryError):
        raise
    except Exception as error:
        result: dict[str, Any] = {"status": "failed", "reason": _reason(error)}
    result |= {"seconds": round(time.monotonic() - began, 3), "peak_memory_mb": memory.megabytes()}
    return RunRecord(**common, **result)


def _train(spec: RunSpec, place: Place, report: Report, train: Callable[..., Outcome]) -> dict[str, Any]:
    task = build_task(spec, place)
    if data_fingerprint(task, spec.synthesizer) != spec.fingerprint:
        raise UserError(f"{task.root}: the data have changed since the run was planned: plan it again")
    synthetic = None
    if spec.synthesizer is not None:
        synthetic = ensure_synthetic(task, spec.synthesizer, spec.fingerprint, place.data_root)
    augmentation = spec.augmentation
    outcome = train(
        task,
        augmentation=augmentation and AUGMENTATIONS.build(augmentation.name, **augmentation.params),
        regularizers=[REGULARIZERS.build(part.name, **part.params) for part in spec.regularizers],
        synthetic=synthetic,
        seed=spec.seed,
        work_dir=place.work_root / spec.key,
        selection_metric=spec.selection_metric,
        test=spec.phase == "final",
        report=report,
        workers=place.workers,
    )
    return {
        "status": "pruned" if outcome.pruned else "done",
        "reason": f"pruned at epoch {outcome.epoch}" if outcome.pruned else "",
        "val": outcome.val,
        "test": outcome.test,
        "curve": outcome.curve,
        "epoch": outcome.epoch,
        "steps": outcome.steps,
        "predictions": outcome.predictions,
    }


def build_task(spec: RunSpec, place: Place) -> Task:
    """The task of a run, over the data of this place."""
    cls = TASKS.get(spec.task.name)
    return cls(cls.Params(**spec.task.params), variant=spec.variant, data_root=place.data_root)


def _reason(error: Exception) -> str:
    """What happened and where, in one or two lines."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f" (in {frames[-1].name}, {frames[-1].filename.rpartition('/')[2]}:{frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}: {error}{where}"
