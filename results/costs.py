"""What runs cost, as columns of a table: taken from their records, and not from the test split."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import isfinite, nan

from .record import RunRecord


@dataclass(frozen=True)
class Cost:
    """A cost of a run; less is better. of(record, selection metric): its value, NaN where the record does not say."""

    unit: str
    description: str
    of: Callable[[RunRecord, str], float]


def _training_time(record: RunRecord, metric: str) -> float:
    return _measured(record.seconds) / 3600


def _time_per_epoch(record: RunRecord, metric: str) -> float:
    return _measured(record.seconds) / max((entry["epoch"] for entry in record.curve), default=nan)


def _best_epoch(record: RunRecord, metric: str) -> float:
    values = [(entry[metric], -entry["epoch"]) for entry in record.curve if isfinite(entry.get(metric, nan))]
    return -max(values)[1] if values else nan


def _peak_memory(record: RunRecord, metric: str) -> float:
    return _measured(record.peak_memory_mb) / 1024


def _measured(value: float) -> float:
    return value if value > 0 else nan


COSTS: dict[str, Cost] = {
    "time per epoch": Cost(
        "s/epoch", "wall time of the run, validation and test included, by its epochs", _time_per_epoch
    ),
    "epochs to converge": Cost("epochs", "the first epoch with the best value of the selection metric", _best_epoch),
    "training time": Cost("h", "wall time of the run, validation and test included", _training_time),
    "peak memory": Cost("GB", "peak of the GPU's allocations, or of resident memory", _peak_memory),
}
