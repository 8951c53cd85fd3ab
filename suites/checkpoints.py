"""Which weights of a finished run are kept, and where."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from pathlib import Path

from ..results.record import RunRecord
from .spec import Keep


def weights_file(folder: Path, epoch: int) -> Path:
    """The weights of an epoch in a run's folder."""
    return folder / f"epoch_{epoch}.pth"


def wanted_epochs(record: RunRecord, metric: str, keep: Keep) -> set[int]:
    """The epochs of a finished final run whose weights a policy keeps; metric: the one that `best` goes by."""
    values = {int(entry["epoch"]): entry.get(metric, float("nan")) for entry in record.curve}
    if record.phase != "final" or record.status != "done" or keep == "none" or not values:
        return set()
    if keep == "all":
        return set(values)
    return {max(values) if keep == "last" else _best(values)}


def _best(values: Mapping[int, float]) -> int:
    finite = {epoch: value for epoch, value in values.items() if isfinite(value)}
    return max(finite, key=finite.__getitem__, default=max(values))
