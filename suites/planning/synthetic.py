"""Synthetic sets on disk: made once for given data, synthesizer and parameters, then shared by every run."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from filelock import FileLock

from provbench.registry import SYNTHESIZERS, Phased, Progress, Synthesizer, Task, TrainingSet, no_progress
from provbench.registry.base import (
    damage,
    derived_folder,
    derived_folders,
    is_locked,
    real_children,
    write_checksums,
)
from provbench.registry.synthesizers import HEADER, training_digest

from .spec import KEY_LENGTH, PluginSpec, digest

FOLDER = "synthetic"
"""Folder of synthetic sets in the data root, or in the folder for derived data."""
_SET = rf"[^.].*-[0-9a-f]{{{KEY_LENGTH}}}"
_UNFINISHED = re.compile(rf"\.({_SET})-[a-z0-9_]{{8}}")
_ASIDE = re.compile(rf"{_SET}\.damaged-[a-z0-9_]{{8}}")
_LOCK = re.compile(r"[^.].*\.lock")
_BEGUN = re.compile(rf"\.({_SET})\.begun")


def data_fingerprint(task: Task, synthesizer: PluginSpec | None) -> str:
    """Returns the fingerprint of what a run reads: the task's data, and with a synthesizer exactly what that reads.

    That is the training set that the task's parameters choose, in its order, with the segmentations where the
    synthesizer reads them, and what it reads besides the training set.
    """
    own = task.fingerprint()
    if synthesizer is None:
        return own
    plugin, data = build_synthesizer(synthesizer), task.training_set()
    return digest([own, training_digest(data, plugin.reads_segmentations), plugin.fingerprint(data)])


def find_synthetic(task: Task, synthesizer: PluginSpec, fingerprint: str, data_root: Path) -> Path | None:
    """Returns the folder of the synthetic set if it is there and whole; nothing is made."""
    for root in derived_folders(data_root):
        folder = synthetic_folder(task, synthesizer, fingerprint, root)
        if folder.is_dir() and not damage(folder):
            return folder
    return None


def synthetic_folder(task: Task, synthesizer: PluginSpec, fingerprint: str, root: Path) -> Path:
    """Returns the folder of the set under `root`. fingerprint: the result of `data_fingerprint`."""
    identity = {"synthesizer": synthesizer.identity(), "task": task.name, "fingerprint": fingerprint}
    return root / FOLDER / f"{task.name}-{synthesizer.name}-{digest(identity)}"


def ensure_synthetic(
    task: Task,
    synthesizer: PluginSpec,
    fingerprint: str,
    data_root: Path,
    progress: Progress = no_progress,
) -> Path:
    """The folder of the synthetic set, made now if it is not there. Whole or absent, also when killed in between.

    It lies under the data root, or where that is read-only, in the folder for what is derived from it. A set whose
    files are no longer those that were written is set aside, said so, and made again.
    """
    found = find_synthetic(task, synthesizer, fingerprint, data_root)
    if found is not None:
        return found
    with making(task, synthesizer, fingerprint, data_root) as folder:
        if not folder.is_dir():
            _make(task, synthesizer, folder, progress)
    return folder


@contextmanager
def making(task: Task, synthesizer: PluginSpec, fingerprint: str, data_root: Path) -> Iterator[Path]:
    """Yields the folder of a set that this process alone makes while the body runs; a damaged one is set aside."""
    folder = synthetic_folder(task, synthesizer, fingerprint, derived_folder(data_root))
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(_lock(folder)):
        _set_aside_damaged(folder)
        yield folder


def begun_folder(folder: Path) -> Path:
    """Returns the folder of an unfinished set of a synthesizer that goes on where it was; it has a name of its own."""
    return folder.with_name(f".{folder.name}.begun")


def put_in_place(begun: Path, folder: Path) -> None:
    """Makes a finished set the one that runs find."""
    write_checksums(begun)
    begun.rename(folder)


def synthetic_leftovers(data_root: Path) -> list[Path]:
    """Returns what killed synthesizers left for a data root: half-written sets, and locks that nobody holds."""
    found = []
    for parent in _folders(data_root):
        for path in real_children(parent):
            unfinished = _UNFINISHED.fullmatch(path.name)
            lock = _lock(parent / unfinished[1]) if unfinished else path
            if (unfinished or _LOCK.fullmatch(path.name)) and not is_locked(lock):
                found.append(path)
    return found


def damaged_sets(data_root: Path) -> list[Path]:
    """Returns the synthetic sets of a data root that were set aside as damaged, or begun and not finished."""
    found = [path for parent in _folders(data_root) for path in real_children(parent)]
    begun = {path: name[1] for path in found if (name := _BEGUN.fullmatch(path.name))}
    idle = [path for path, name in begun.items() if not is_locked(_lock(path.parent / name))]
    return [*(path for path in found if _ASIDE.fullmatch(path.name)), *idle]


def synthetic_problems(task: str, data_root: Path) -> list[str]:
    """Returns what in the synthetic sets of a task is not as it was written, one line each; every file is read."""
    return [
        f"{problem}: the next `provbench run` makes the synthetic set again"
        for folder in synthetic_sets(task, data_root)
        for problem in damage(folder, reread=True)
    ]


def synthetic_sets(task: str, data_root: Path) -> list[Path]:
    """Returns the folders of the synthetic sets of a task, whatever its parameters."""
    found = [path for parent in _folders(data_root) for path in real_children(parent)]
    sets = [path for path in found if path.name.startswith(f"{task}-") and re.fullmatch(_SET, path.name)]
    return [path for path in sets if _synthesizer(path) in (None, path.name[len(task) + 1 : -KEY_LENGTH - 1])]


def _synthesizer(folder: Path) -> str | None:
    """Returns the name of a set's synthesizer; None where its header cannot be read. Tasks' names may begin alike, as
    those of `cub` and `cub-wsol` do."""
    try:
        return str(json.loads((folder / HEADER).read_text(encoding="utf-8"))["synthesizer"])
    except (OSError, ValueError, LookupError, TypeError):
        return None


def _folders(data_root: Path) -> list[Path]:
    return [root / FOLDER for root in derived_folders(data_root)]


def _lock(folder: Path) -> Path:
    return folder.with_suffix(".lock")


def _set_aside_damaged(folder: Path) -> None:
    problems = damage(folder) if folder.is_dir() else []
    if problems:
        aside = Path(tempfile.mkdtemp(prefix=f"{folder.name}.damaged-", dir=folder.parent))
        folder.rename(aside)
        warnings.warn(
            f"{folder}: the synthetic set is damaged ({len(problems)} files; {problems[0]}). It was set aside as "
            f"{aside.name}, and is made again",
            stacklevel=3,
        )


def _make(task: Task, synthesizer: PluginSpec, folder: Path, progress: Progress) -> None:
    plugin, data = build_synthesizer(synthesizer), task.training_set()
    if isinstance(plugin, Phased):
        begun = begun_folder(folder)
        begun.mkdir(exist_ok=True)
        plugin.synthesize(as_read(plugin, data), begun, progress)
        put_in_place(begun, folder)
        return
    temporary = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    temporary.chmod(0o755)  # others may share the data root
    try:
        plugin.synthesize(as_read(plugin, data), temporary, progress)
        put_in_place(temporary, folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def build_synthesizer(synthesizer: PluginSpec) -> Synthesizer:
    """Returns the plugin with its parameters."""
    return SYNTHESIZERS.build(synthesizer.name, **synthesizer.params)


def as_read(plugin: Synthesizer, data: TrainingSet) -> TrainingSet:
    """Returns the training set as a synthesizer sees it."""
    return data if plugin.reads_segmentations else _without_segmentations(data)


def _without_segmentations(data: TrainingSet) -> TrainingSet:
    """Returns the training set without its outlines, in a class that has its other methods: Python looks for those of
    `Numbered` and its like in the class."""
    public = [name for name in dir(type(data)) if name[0] != "_" and callable(getattr(type(data), name))]
    methods = {name: _forwarded(name) for name in public if name != "segmentation"}
    return cast("TrainingSet", type("WithoutSegmentations", (_WithoutSegmentations,), methods)(data))


def _forwarded(name: str) -> Callable[..., Any]:
    return lambda self, *arguments: getattr(self._data, name)(*arguments)


class _WithoutSegmentations:
    """A training set as a synthesizer sees it that says that it reads no segmentations."""

    def __init__(self, data: TrainingSet) -> None:
        self._data = data

    def __len__(self) -> int:
        return len(self._data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._data, name)

    def segmentation(self, index: int) -> Any:
        """Raises `RuntimeError`: the set would not be made again when the segmentations change."""
        raise RuntimeError("reads a segmentation, and must say so: set `reads_segmentations` to True")
