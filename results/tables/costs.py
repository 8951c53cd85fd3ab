"""Costs of runs, as columns of a table: taken from their records, and not from the test split."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import nan
from typing import Protocol

from provbench.registry.base import best_key

from ..store import RunRecord, place_of

UNLIKE = "‡"
"""Marks a column of what runs cost that was measured on several machines, so that its cells do not compare."""


class Measure(Protocol):
    """Returns a run's cost, NaN where the record does not say. metric: the selection metric, with its direction."""

    def __call__(self, record: RunRecord, metric: str, higher_is_better: bool = True) -> float: ...


@dataclass(frozen=True)
class Cost:
    """A cost of a run; less is better."""

    unit: str
    description: str
    of: Measure
    timed: bool = True
    """True if the cost depends on the machine."""


def _training_time(record: RunRecord, metric: str, higher_is_better: bool = True) -> float:
    return _measured(record.seconds) / 3600


def _time_per_epoch(record: RunRecord, metric: str, higher_is_better: bool = True) -> float:
    return _measured(record.seconds) / max((place_of(entry, "epoch") for entry in record.curve), default=nan)


def _time_per_step(record: RunRecord, metric: str, higher_is_better: bool = True) -> float:
    return _measured(record.seconds_per_step) * 1000


def _best_epoch(record: RunRecord, metric: str, higher_is_better: bool = True) -> float:
    best = best_key({place_of(entry, "epoch"): entry.get(metric, nan) for entry in record.curve}, higher_is_better)
    return nan if best is None else best


def _peak_memory(record: RunRecord, metric: str, higher_is_better: bool = True) -> float:
    return _measured(record.peak_memory_mb) / 1024


def machine_of(record: RunRecord) -> str:
    """Returns in words what a run was timed on; its device alone where its record is older than that."""
    if not record.machine:
        return record.device
    told = {name: record.machine.get(name, "?") for name in ("cpu", "cores", "threads")}
    gpu = record.machine.get("gpu", "")
    return f"{f'{gpu} beside ' if gpu else ''}{told['cpu']} ({told['cores']} cores, {told['threads']} threads)"


def machines_of(records: Iterable[RunRecord]) -> list[str]:
    """Returns the machines of runs whose times stand in one column, each once; more than one cannot be compared."""
    return sorted({machine_of(record) for record in records if record.status == "done"})


def _measured(value: float) -> float:
    return value if value > 0 else nan


COSTS: dict[str, Cost] = {
    "time per epoch": Cost(
        "s/epoch", "wall time of the run, validation and test included, by its epochs", _time_per_epoch
    ),
    "time per step": Cost(
        "ms/step",
        "mean wall time of a training step, loading included, without validations and the first steps, which warm up",
        _time_per_step,
    ),
    "epochs to converge": Cost(
        "epochs", "the first epoch with the best value of the selection metric", _best_epoch, False
    ),
    "training time": Cost("h", "wall time of the run, validation and test included", _training_time),
    "peak memory": Cost(
        "GB", "peak of the GPU's allocations, or of resident memory, beyond what the process held before", _peak_memory
    ),
}
