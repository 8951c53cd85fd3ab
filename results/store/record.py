"""The record of a finished run, under a key that is a digest of everything that decides its outcome."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from math import isfinite
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo, field_validator, model_validator

from provbench.registry.base import VARIANT_PATTERN

from .curve_axis import axis_of, place_of

if TYPE_CHECKING:
    from numpy import ndarray as Column
else:
    Column = Any  # numpy takes longer to import than all the rest, and most commands read no predictions

Status = Literal["done", "pruned", "failed"]
Phase = Literal["search", "final"]

SCHEMA_VERSION = 1
MAX_TRACEBACK = 20_000
"""Characters of a failed run's traceback."""
MAX_INTEGER = 2**63 - 1
"""Seeds and counts fit into 64 bits, as in every table that they are written to."""
MAX_METRIC = 1e100
"""Largest absolute value of a metric: sums of squares stay finite. NaN and infinity may be recorded."""
KEY_PATTERN = r"^[0-9A-Za-z][0-9A-Za-z_-]{1,99}$"
"""A key names files: no dots, no slashes."""


def _moderate(value: float) -> float:
    if isfinite(value) and abs(value) > MAX_METRIC:
        raise ValueError(f"is beyond {MAX_METRIC:g}")
    return value


Metric = Annotated[float, AfterValidator(_moderate)]


class RunSummary(BaseModel):
    """A run's record without what is large and no table shows: identity, versions, curve and predictions.

    `val` and `test` are separate fields, and a run of a search has no test metrics at all. Percentages are 0 to 100.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, ser_json_inf_nan="strings")

    schema_version: int = Field(default=SCHEMA_VERSION, ge=1, le=SCHEMA_VERSION)
    key: str = Field(pattern=KEY_PATTERN)
    suite: str
    task: str
    variant: str = Field(pattern=VARIANT_PATTERN)
    protocol: str = ""
    """The task's protocol version. Runs of two versions are never compared."""
    method: str
    phase: Phase
    seed: int = Field(ge=-MAX_INTEGER, le=MAX_INTEGER)
    parameters: dict[str, Any]
    """The resolved parameters, flat: `lr`, `cutmix.prob`, `gradient-guidance.alpha` …; JSON values."""
    status: Status
    reason: str = ""
    """Reason why a run failed or was pruned."""
    attempt: int = Field(default=1, ge=0, le=MAX_INTEGER)
    val: dict[str, Metric] = Field(default_factory=dict)
    test: dict[str, Metric] = Field(default_factory=dict)
    epoch: int = Field(default=0, ge=0, le=MAX_INTEGER)
    """The epoch whose weights were scored."""
    steps: int = Field(default=0, ge=0, le=MAX_INTEGER)
    seconds: Metric = 0.0
    seconds_per_step: Metric = 0.0
    """Mean wall time of a training step, its batch's loading included, without the process's first steps; 0 where it
    was not measured."""
    device: str = "cpu"
    peak_memory_mb: Metric = 0.0
    started: str = ""
    """ISO 8601, UTC."""
    commit: str = ""
    dirty: bool = False
    fingerprint: str = ""
    """Fingerprint of the data."""

    @field_validator("parameters", mode="before")
    @classmethod
    def _as_stored(cls, values: Any, info: ValidationInfo) -> Any:
        return _json_value(values, str(info.field_name))

    @model_validator(mode="after")
    def _search_sees_no_test(self) -> RunSummary:
        if self.phase == "search" and self.test:
            raise ValueError("a run of a search must have no test metrics")
        return self


class PluginCode(BaseModel):
    """The code of a plugin that made a run."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: str
    origin: str
    """`provbench`, the name of a plugin's file, a module, or a distribution with its version."""
    file: str = ""
    """The name of the file that defines it."""
    sha256: str = Field(default="", pattern=r"^([0-9a-f]{64})?$")
    """SHA-256 of that file as it was loaded; "" if there was none to read."""


class RunRecord(RunSummary):
    """One training of a cell with given parameters and seed. Immutable; identified by its key."""

    identity: dict[str, Any] = Field(default_factory=dict, repr=False)
    """Content whose hash is the key: parameters, versions of the plugins, data fingerprint, seed, phase."""
    versions: dict[str, str] = Field(default_factory=dict)
    machine: dict[str, str] = Field(default_factory=dict, repr=False)
    """Machine on which the run was timed: `cpu`, `cores`, `gpu`, `threads`. Records from before this field was added
    have none.
    """
    samples: dict[str, int] = Field(default_factory=dict, repr=False)
    """Numbers of real training samples (`train`) and of validation samples (`val`). Records from before this field was
    added have none.
    """
    traceback: str = Field(default="", max_length=MAX_TRACEBACK, repr=False)
    """Traceback of the error that ended a failed run; the middle of a longer one is left out."""
    plugins: dict[str, PluginCode] = Field(default_factory=dict, repr=False)
    """Plugins by kind and name, such as `augmentation cutmix`. Records from before this field was added have none."""
    curve: list[dict[str, Metric]] = Field(default_factory=list)
    """One entry an epoch: `epoch`, the mean training losses, and, where it was validated, the val metrics. Older
    records have entries of the validated epochs only."""
    test_curve: list[dict[str, Metric]] = Field(default_factory=list, repr=False)
    """One entry a validated epoch: `epoch` and the test metrics. Only final runs whose recipe asks for it have it."""
    calibrated: dict[str, Metric] = Field(default_factory=dict)
    """Weights of penalties that were calibrated to a share of the parameter gradient, as `gradient-guidance.alpha`."""
    predictions: dict[str, dict[str, Column]] = Field(default_factory=dict, exclude=True, repr=False)
    """Predictions by split, one array a column, one row a sample. They are stored next to the record, not in it."""

    @field_validator("identity", mode="before")
    @classmethod
    def _identity_as_stored(cls, values: Any) -> Any:
        return _json_value(values, "identity")

    @field_validator("curve", "test_curve")
    @classmethod
    def _each_has_its_epoch(cls, curve: list[dict[str, float]]) -> list[dict[str, float]]:
        for place, entry in enumerate(curve):
            epoch = entry.get("epoch", -1.0)
            if not (0 <= epoch <= 2**53 and epoch.is_integer()):
                raise ValueError(f"entry {place}: `epoch` must be a whole number from 0 (got {entry.get('epoch')})")
        return curve

    @field_validator("predictions")
    @classmethod
    def _storable(cls, splits: dict[str, dict[str, Column]]) -> dict[str, dict[str, Column]]:
        for split, columns in splits.items():
            if not split.isalpha():
                raise ValueError(f"predictions of {split!r}: a split's name has letters only")
            for name, column in columns.items():
                if not hasattr(column, "dtype") or column.dtype.kind not in "biufU" or column.ndim == 0:
                    raise ValueError(f"predictions of {split}: {name!r} must be an array of numbers, bools or strings")
            lengths = {name: len(column) for name, column in columns.items()}
            if len(set(lengths.values())) > 1:
                raise ValueError(f"predictions of {split}: columns must have one row a sample, got {lengths}")
        return splits

    @model_validator(mode="after")
    def _search_predicts_no_test(self) -> RunRecord:
        if self.phase == "search" and ("test" in self.predictions or self.test_curve):
            raise ValueError("a run of a search must have no test predictions and no curve on test")
        return self

    @property
    def synthesizer(self) -> Any:
        """Returns the synthesizer in the identity, as its name, version and parameters; None for none."""
        return self.identity.get("synthesizer")

    def curve_names(self) -> list[str]:
        """Returns the names that entries of the training curve have."""
        return list(dict.fromkeys(name for entry in self.curve for name in entry))

    def series(self, name: str) -> tuple[list[float], list[float]]:
        """Returns where the curve has a measurement, in steps or epochs as `curve_axis` describes, and its values."""
        axis = axis_of([self.curve])
        entries = [entry for entry in self.curve if name in entry]
        return [place_of(entry, axis) for entry in entries], [entry[name] for entry in entries]

    @property
    def validations(self) -> list[dict[str, float]]:
        """The entries of the curve at which the run was validated; the others have training losses only."""
        return [entry for entry in self.curve if self.val.keys() <= entry.keys()] or self.curve

    @property
    def outcome(self) -> dict[str, Any]:
        """Returns what a repetition of the run must reproduce to the last bit."""
        told = {
            "status": self.status,
            "val": self.val,
            "test": self.test,
            "curve": self.curve,
            "epoch": self.epoch,
            "calibrated": self.calibrated,
        }
        return told | ({"test_curve": self.test_curve} if self.test_curve else {})


def _json_value(value: Any, *path: Any) -> Any:
    """`value` as it will come back from the store: tuples as lists. Raises `ValueError` where it would not.

    path: the names that lead to it, put together only where they are reported: ten thousand records have many values.
    """
    if value is None or isinstance(value, (str, bool)):
        return value
    if isinstance(value, int) and abs(value) < 2**64:
        return value
    if isinstance(value, float) and isfinite(value):
        return float(value)  # numpy's float64 is one, too
    if isinstance(value, Mapping):
        return {key: _json_value(item, *path, key) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_json_value(item, *path) for item in value]
    name = "".join([str(path[0]), *(f"[{key!r}]" for key in path[1:])])
    raise ValueError(f"{name}: {value!r} is not a JSON value")


KEY_LENGTH = 20

TOLD_TWICE = ("variant", "seed", "phase", "fingerprint")
"""Fields that a record has outside its identity, too."""


def digest(value: Any) -> str:
    """The first 20 hexadecimal digits of the SHA-256 of a value as canonical JSON."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:KEY_LENGTH]


def identity_fault(record: RunRecord) -> str:
    """Returns what in a record contradicts its identity; "" if nothing does."""
    identity = record.identity
    if digest(identity) != record.key:
        return f"its key is not that of its identity, {digest(identity)}: it is the record of another run"
    task = identity.get("task")
    told = {name: identity[name] for name in TOLD_TWICE if name in identity}
    told |= {"task": task.get("name"), "protocol": task.get("version")} if isinstance(task, dict) else {}
    wrong = [name for name, value in told.items() if value != getattr(record, name)]
    return f"its {wrong[0]} is not that of its identity" if wrong else ""
