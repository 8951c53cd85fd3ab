"""The state of a driver that runs, written to its output folder as it changes, for those who watch it."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from provbench.registry import periods_of
from provbench.registry.base import atomic_file
from provbench.results.store import RunRecord

from ..executors import Job, Observer
from ..planning import RunSpec

FILE = "driver.json"
INTERVAL = 0.5
"""Seconds between two writings; what changes in between is written with the next change."""


@dataclass
class RunUnderWay:
    """A run that an executor has. value: the last one of the selection metric on val."""

    key: str
    task: str
    method: str
    seed: int
    phase: str
    epochs: int
    epoch: int = 0
    metric: str = ""
    value: float | None = None
    values: list[float] = field(default_factory=list)
    since: float = field(default_factory=time.time)


class Pulse(Observer):
    """Writes what is under way and what has ended. A file that cannot be written is no error."""

    def __init__(self, out: Path, suite: str) -> None:
        self.path = out / FILE
        self.state: dict[str, Any] = {"suite": suite, "started": time.time(), "planned": 0, "paused": False}
        self.counts = {"finished": 0, "failed": 0, "lost": 0, "retried": 0}
        self.running: dict[str, RunUnderWay] = {}
        self._written = 0.0

    def planned(self, runs: int, earlier: int = 0) -> None:
        self.state["planned"] = runs
        self.counts["finished"] = max(self.counts["finished"], earlier)
        self._write(True)

    def paused(self, paused: bool) -> None:
        self.state["paused"] = paused
        self._write(True)

    def started(self, job: Job) -> None:
        spec = job.spec
        self.running[spec.key] = RunUnderWay(
            spec.key, spec.cell or spec.task.name, spec.method, spec.seed, spec.phase, periods_of(spec.task.params)
        )
        self._write(True)

    def reported(self, job: Job, epoch: int, epochs: int, value: float | None) -> None:
        run = self.running.get(job.spec.key)
        if run is not None:
            run.epoch, run.epochs, run.metric, run.value = epoch, epochs, job.spec.selection_metric, value
            run.values += [] if value is None else [value]
            self._write(False)

    def finished(self, spec: RunSpec, record: RunRecord, cached: bool) -> None:
        self.counts["failed" if record.status == "failed" else "finished"] += 1
        self._end(spec)

    def retried(self, spec: RunSpec, error: str) -> None:
        self.counts["retried"] += 1
        self._end(spec)

    def lost(self, spec: RunSpec, error: str) -> None:
        self.counts["lost"] += 1
        self._end(spec)

    def close(self) -> None:
        """Removes the file, if this driver wrote it: it runs no more."""
        if self._written:
            self.path.unlink(missing_ok=True)

    def _end(self, spec: RunSpec) -> None:
        self.running.pop(spec.key, None)
        self._write(True)

    def _write(self, now: bool) -> None:
        if not now and time.monotonic() - self._written < INTERVAL:
            return
        self._written = time.monotonic()
        content = {
            **self.state,
            **self.counts,
            "updated": time.time(),
            "running": [asdict(run) for run in self.running.values()],
        }
        try:
            with atomic_file(self.path) as file:
                file.write(json.dumps(content).encode())
        except Exception:  # a full disk is the runs' to complain of
            return


def read_pulse(out: Path) -> dict[str, Any] | None:
    """Returns what the driver of an output folder last wrote; None where there is nothing to read."""
    try:
        found = json.loads((out / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) and isinstance(found.get("running"), list) else None
