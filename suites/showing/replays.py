"""Training a recorded run again, from its record alone, and telling what came out differently."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pydantic import ValidationError

from provbench.registry import (
    AUGMENTATIONS,
    DEFAULT_VERSION,
    MODELS,
    REGULARIZERS,
    SYNTHESIZERS,
    TASKS,
    Registry,
    no_progress,
)
from provbench.registry.base import UserError, leaves, nearest
from provbench.results.store import RunRecord, with_comparable_curves

from ..driving import CellRuns
from ..planning import Place, RunSpec, changes_of_code
from ..running import build_task, execute

_KINDS: Mapping[str, Registry] = {
    "task": TASKS,
    "synthesizer": SYNTHESIZERS,
    "augmentation": AUGMENTATIONS,
    "regularizers": REGULARIZERS,
}

ChangedValues = dict[str, tuple[Any, Any]]
"""Field, such as `val.accuracy`, to what was recorded and what came out now."""


@dataclass(frozen=True)
class Replay:
    """A record, and what its repetition has otherwise."""

    record: RunRecord
    outcome: ChangedValues
    """Changes of what must be the same to the last bit."""
    environment: ChangedValues
    """Changes of device, versions and commit, which may be the reason."""

    code: tuple[str, ...] = ()
    """Plugins whose code is not what made the record, in words: the likely reason."""

    @property
    def identical(self) -> bool:
        return not self.outcome


def replay(record: RunRecord, place: Place, plugins: tuple[str, ...] = ()) -> Replay:
    """Train a recorded run again, in a temporary working folder. A pruned one stops at the epoch where it was pruned.

    Raises `UserError` for a plugin that is not there or has another version, and for data that are missing or others.
    """
    spec = spec_of(record, plugins)
    last = record.curve[-1]["epoch"] if record.status == "pruned" and record.curve else float("inf")
    build_task(spec, place).prepare(no_progress)
    with TemporaryDirectory(prefix="provbench-replay-") as folder:
        again = execute(spec, replace(place, work_root=Path(folder)), lambda epoch, epochs, value: epoch >= last)
    environment = ("device", "versions", "commit", "dirty")
    return Replay(
        record,
        differences(*(run.outcome for run in with_comparable_curves(record, again))),
        differences(record.model_dump(include=set(environment)), again.model_dump(include=set(environment))),
        tuple(changes_of_code(record, again)),
    )


def spec_of(record: RunRecord, plugins: tuple[str, ...] = ()) -> RunSpec:
    """The specification that a record is the outcome of. Raises `UserError` where it cannot be run here."""
    identity = record.identity
    for kind, registry in _KINDS.items():
        parts = identity.get(kind) or ()
        for part in [parts] if isinstance(parts, Mapping) else parts:
            _check_plugin(record.key, registry, part["name"], part["version"])
    network = str(record.parameters.get("model", ""))
    if network in MODELS:
        _check_version(record.key, MODELS, network, str(identity.get("network_version", DEFAULT_VERSION)))
    metric = next(iter(TASKS.get(record.task).info.selection.values()))  # where no epoch is chosen, any will do
    names = {"suite": record.suite, "method": record.method, "plugins": plugins}
    try:
        spec = RunSpec.model_validate({"selection_metric": metric, **identity, **names})
    except ValidationError as error:
        raise UserError(f"{record.key}: its identity is of another version of provbench: {error}") from None
    if spec.key != record.key:
        raise UserError(f"{record.key}: its identity gives the key {spec.key}: it is of another version of provbench")
    return spec


def _check_plugin(key: str, registry: Registry, name: str, version: str) -> None:
    if name not in registry:
        raise UserError(f"{key}: {registry.kind} {name!r} is not here: give its --plugin{nearest(name, registry)}")
    _check_version(key, registry, name, version)


def _check_version(key: str, registry: Registry, name: str, version: str) -> None:
    now = registry.version(name)
    if now != version:
        raise UserError(f"{key}: was run with version {version} of {registry.kind} {name!r}, and here is version {now}")


def recorded_order(cells: Iterable[CellRuns]) -> list[str]:
    """The keys of a suite's runs, each once: by cell the trials by number, the oracle's probes, the final seeds."""
    keys = []
    for runs in cells:
        trials = [*runs.trial_specs(), *runs.probes()] if runs.search is not None else []
        keys += [spec.key for spec in (*trials, *runs.final_runs())]
    return list(dict.fromkeys(keys))


def differences(recorded: Mapping[str, Any], repeated: Mapping[str, Any]) -> ChangedValues:
    """The fields that differ, flat: `val.accuracy`, `curve.0.loss`. NaN equals NaN; None where one lacks the field."""
    before, after = dict(leaves(recorded, numbered=True)), dict(leaves(repeated, numbered=True))
    pairs = {name: (before.get(name), after.get(name)) for name in {**before, **after}}
    return {name: pair for name, pair in pairs.items() if json.dumps(pair[0]) != json.dumps(pair[1])}
