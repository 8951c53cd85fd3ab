"""Garbage in an output folder: leftovers of killed processes, and weights that nobody asked to keep.

Records, studies, tables and what trackers have are never garbage; replaced records are only for those who say so.
"""

from __future__ import annotations

import os
import re
import shutil
import time
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from provbench.registry import TASKS, Keep
from provbench.registry.base import STALE_SECONDS, UnknownNameError, is_held, is_temporary, real_children, remove_lock
from provbench.results.store import RunRecord

from ..executors import leftovers as driver_leftovers
from ..planning import KEY_LENGTH, ORACLE
from ..trackers import leftovers as tracker_leftovers
from .output import Output, wanted_epochs, weights_file

DAY_SECONDS = 86_400.0

KINDS = {
    "finished work": "working folders of runs that have a record",
    "abandoned work": "working folders of interrupted runs, untouched for a day: these would begin anew",
    "weights": "of epochs that are not to be kept, and of runs without a record",
    "pictures": "of runs without a record",
    "predictions": "of runs without a record",
    "decoded": "decoded images, which later runs read instead of decoding them again",
    "temporary": "files that killed processes were writing, and their locks",
    "quarantine": "damaged files and synthetic sets that were set aside, and sets that were begun",
    "superseded": "records that repetitions replaced, with what lay beside them",
}

_KEY = re.compile(rf"([0-9a-f]{{{KEY_LENGTH}}})(\..+)?")
"""Pattern of names that belong to a run: they begin with its key; nothing else in these folders is touched."""


@dataclass(frozen=True)
class Garbage:
    """A file or folder that can go. bytes: what its removal frees; a file with another name elsewhere frees none."""

    kind: str
    path: Path
    files: int
    bytes: int


def find_garbage(
    output: Output,
    keep: Keep = "all",
    quarantine: bool = False,
    superseded: bool = False,
    now: float | None = None,
) -> list[Garbage]:
    """Returns what can be removed, in the order of `KINDS`. Removes nothing. The caller holds the folder's lock.

    keep: whose weights stay, as for a run; best: by any metric that the task's selection protocols go by. Of a task
    that is not registered all weights stay. quarantine, superseded: whether damaged files, and replaced records, are
    among it.
    """
    now = time.time() if now is None else now
    store = output.store
    recorded = set(store.reader().keys())
    found = [
        *_work(output.work, recorded, now),
        *_weights(output, recorded, keep),
        *_unrecorded("pictures", [output.root / "pictures"], recorded),
        *_unrecorded("predictions", real_children(output.root / "predictions"), recorded),
        *(weighed("temporary", path) for path in _temporary(output, now)),
        *(weighed("quarantine", path) for path in real_children(output.root / "quarantine") if quarantine),
        *(weighed("superseded", path) for _, path in _by_key(output.root / "superseded") if superseded),
    ]
    order = list(KINDS)
    return sorted(found, key=lambda item: (order.index(item.kind), item.path))


def remove(garbage: Iterable[Garbage]) -> None:
    """Remove it. Raises `OSError` where that is not allowed."""
    for item in garbage:
        if item.path.is_symlink():
            item.path.unlink(missing_ok=True)
        elif item.path.is_dir():
            shutil.rmtree(item.path)
        elif item.path.suffix == ".lock":
            remove_lock(item.path)
        else:
            item.path.unlink(missing_ok=True)
        if item.kind == "weights":
            with suppress(OSError):  # other epochs of the run are kept
                item.path.parent.rmdir()


def _work(root: Path, recorded: Collection[str], now: float) -> Iterator[Garbage]:
    """Working folders that no process is at work in."""
    for key, path in _by_key(root):
        if path.is_symlink() or not path.is_dir() or is_held(path):
            continue
        if key in recorded:
            yield weighed("finished work", path)
        elif now - last_touched(path) > DAY_SECONDS:
            yield weighed("abandoned work", path)


def _weights(output: Output, recorded: Collection[str], keep: Keep) -> Iterator[Garbage]:
    for key, folder in _by_key(output.checkpoints):
        record = output.store.get(key) if key in recorded else None
        if record is None:
            yield weighed("weights", folder)
            continue
        files = [weights_file(folder, epoch) for epoch in _kept(record, keep)]
        kept = {*files, *(file.with_suffix(".pth") for file in files)}  # which older versions of provbench left
        beyond = (file for file in real_children(folder) if file not in kept and not is_temporary(file.name))
        yield from (weighed("weights", file) for file in beyond)


def _kept(record: RunRecord, keep: Keep) -> set[int]:
    if keep != "best":
        return wanted_epochs(record, "", keep)
    try:
        info = TASKS.get(record.task).info
    except UnknownNameError:
        return wanted_epochs(record, "", "all")
    metrics = {info.metric(metric) for protocol, metric in info.selection.items() if protocol != ORACLE}
    return {epoch for metric in metrics for epoch in wanted_epochs(record, metric.name, keep, metric.higher_is_better)}


def _unrecorded(kind: str, folders: Iterable[Path], recorded: Collection[str]) -> Iterator[Garbage]:
    return (weighed(kind, path) for folder in folders for key, path in _by_key(folder) if key not in recorded)


def _temporary(output: Output, now: float) -> Iterator[Path]:
    """Yields the leftovers of killed processes, as their writers define them, that are an hour old: tables are written
    without a lock.
    """
    candidates = [
        *_unfinished_files(output),
        *_journal_locks(output),
        *tracker_leftovers(output.trackers),
        *driver_leftovers(output.work),
    ]
    for path in candidates:
        with suppress(FileNotFoundError):
            if now - path.lstat().st_mtime > STALE_SECONDS:
                yield path


def _unfinished_files(output: Output) -> Iterator[Path]:
    for parent, folders, names in os.walk(output.root):
        if Path(parent) == output.root:
            folders[:] = sorted({*folders}.difference((output.work.name, output.trackers.name, "quarantine")))
        yield from (Path(parent, name) for name in names if is_temporary(name))


def _journal_locks(output: Output) -> Iterator[Path]:
    for folder in real_children(output.suites):
        journal = output.journal(folder.name)
        if journal.is_file():
            from ..search import leftovers

            yield from leftovers(journal)


def _by_key(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yields the files that belong to runs, with their keys."""
    return ((found[1], path) for path in real_children(folder) if (found := _KEY.fullmatch(path.name)))


def last_touched(path: Path) -> float:
    """Returns when a file, or the latest of what a folder holds, was changed, in seconds since the epoch."""
    return max(one.lstat().st_mtime for one in (path, *path.rglob("*")))


def weighed(kind: str, path: Path) -> Garbage:
    """Returns a file or folder with the room that it takes."""
    inside = () if path.is_symlink() else path.rglob("*")
    stats = [one.lstat() for one in (path, *inside) if one.is_symlink() or not one.is_dir()]
    names = Counter(stat.st_ino for stat in stats)
    freed = {stat.st_ino: stat.st_size for stat in stats if names[stat.st_ino] == stat.st_nlink}
    return Garbage(kind, path, len(stats), sum(freed.values()))
