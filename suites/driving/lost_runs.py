"""A suite's runs that ended without a record, written down for `provbench status`."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from provbench.registry.base import UserError, atomic_file
from provbench.results.store import Store

from ..planning import RunSpec

FILE = "lost.json"
MAX_BYTES = 2**20
"""Largest size of the file; a longer one was written by something else."""


@dataclass(frozen=True)
class LostRun:
    """A run whose last attempt left no record, through no fault of its method.

    over_time: it took longer than `--time-limit`. ended: UTC, in ISO form.
    """

    key: str
    task: str
    method: str
    phase: str
    seed: int
    over_time: bool
    reason: str
    ended: str


class LostRuns:
    """The lost runs of a suite, in a file of its folder that its driver writes.

    A driver that is killed writes nothing, so runs that end with it are not among them. Where the file cannot be
    written, on a full disk for one, nothing is known of them later; the driver itself still tells them.
    """

    def __init__(self, suite_folder: Path) -> None:
        self._file = suite_folder / FILE

    def read(self, store: Store) -> list[LostRun]:
        """Returns the lost runs that have no record since."""
        return [run for run in self._load().values() if store.get(run.key) is None]

    def add(self, spec: RunSpec, reason: str, *, over_time: bool) -> None:
        task, ended = spec.cell or spec.task.name, datetime.now(UTC).isoformat(timespec="seconds")
        run = LostRun(spec.key, task, spec.method, spec.phase, spec.seed, over_time, reason, ended)
        self._save({**self._load(), run.key: run})

    def discard(self, key: str) -> None:
        known = self._load()
        if known.pop(key, None):
            self._save(known)

    def _load(self) -> dict[str, LostRun]:
        """Returns the lost runs that are written down; none where the file is missing, torn, or no file of a driver."""
        with suppress(OSError, ValueError, TypeError, RecursionError):
            if not self._file.is_symlink() and self._file.stat().st_size <= MAX_BYTES:
                runs = [_checked(row) for row in json.loads(self._file.read_text(encoding="utf-8"))]
                return {run.key: run for run in runs}
        return {}

    def _save(self, runs: dict[str, LostRun]) -> None:
        with suppress(OSError, UserError), atomic_file(self._file) as file:
            file.write(json.dumps([asdict(run) for run in runs.values()], indent=1).encode())


def _checked(row: Any) -> LostRun:
    """Raises `ValueError` or `TypeError` where a row is not one that was written here."""
    run = LostRun(**row)
    for name, kind in LostRun.__annotations__.items():
        if type(getattr(run, name)).__name__ != kind:
            raise ValueError(name)
    return run
