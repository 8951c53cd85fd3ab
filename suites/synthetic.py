"""Synthetic sets on disk: made once for given data, synthesizer and parameters, then shared by every run."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from filelock import FileLock

from ..registry import SYNTHESIZERS, Task
from ..registry.task import Progress, no_progress
from .spec import PluginSpec, digest


def data_fingerprint(task: Task, synthesizer: PluginSpec | None) -> str:
    """Of what a run reads: the task's data, and what its synthesizer reads beside them."""
    own = task.fingerprint()
    if synthesizer is None:
        return own
    beside = SYNTHESIZERS.build(synthesizer.name, **synthesizer.params).fingerprint(task.training_set())
    return digest([own, beside]) if beside else own


def synthetic_folder(task: Task, synthesizer: PluginSpec, fingerprint: str, data_root: Path) -> Path:
    identity = {"synthesizer": synthesizer.model_dump(mode="json"), "task": task.name, "fingerprint": fingerprint}
    return data_root / "synthetic" / f"{task.name}-{synthesizer.name}-{digest(identity)}"


def ensure_synthetic(
    task: Task,
    synthesizer: PluginSpec,
    fingerprint: str,
    data_root: Path,
    progress: Progress = no_progress,
) -> Path:
    """The folder of the synthetic set, made now if it is not there. Whole or absent, also when killed in between."""
    folder = synthetic_folder(task, synthesizer, fingerprint, data_root)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.with_suffix(".lock")):
        if not folder.is_dir():
            plugin = SYNTHESIZERS.get(synthesizer.name)
            temporary = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
            try:
                plugin(**synthesizer.params).synthesize(task.training_set(), temporary, progress)
                temporary.rename(folder)
            finally:
                shutil.rmtree(temporary, ignore_errors=True)
    return folder
