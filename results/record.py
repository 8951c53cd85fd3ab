"""What a finished run leaves behind."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

Status = Literal["done", "pruned", "failed"]
Phase = Literal["search", "final"]

SCHEMA_VERSION = 1


class RunRecord(BaseModel):
    """One training of a cell with given parameters and seed. Immutable; identified by its key.

    `val` and `test` are separate fields, and a record of a search has no test metrics at all. Percentages are 0 to 100.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)

    schema_version: int = SCHEMA_VERSION
    key: str
    suite: str
    task: str
    variant: Literal["mini", "full"]
    method: str
    phase: Phase
    seed: int
    parameters: dict[str, Any]
    """The resolved parameters, flat: `lr`, `cutmix.prob`, `gradient-guidance.alpha` …"""
    status: Status
    reason: str = ""
    """Why a run failed or was pruned."""
    attempt: int = 1
    val: dict[str, float] = Field(default_factory=dict)
    test: dict[str, float] = Field(default_factory=dict)
    curve: list[dict[str, float]] = Field(default_factory=list)
    """One entry a validated epoch: `epoch`, the mean training losses, the val metrics."""
    epoch: int = 0
    """The epoch whose weights were scored."""
    steps: int = 0
    seconds: float = 0.0
    device: str = "cpu"
    peak_memory_mb: float = 0.0
    started: str = ""
    """ISO 8601, UTC."""
    commit: str = ""
    dirty: bool = False
    versions: dict[str, str] = Field(default_factory=dict)
    fingerprint: str = ""
    """Of the data."""
    predictions: dict[str, dict[str, np.ndarray]] = Field(default_factory=dict, exclude=True, repr=False)
    """By split, one array a column, one row a sample. Stored beside the record, not in it."""

    @property
    def outcome(self) -> dict[str, Any]:
        """What a repetition of the run must reproduce to the last bit."""
        return {"status": self.status, "val": self.val, "test": self.test, "curve": self.curve, "epoch": self.epoch}
