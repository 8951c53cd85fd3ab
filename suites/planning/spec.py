"""One run as picklable data, and the key that identifies it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict

from provbench.registry import DEFAULT_VERSION, Keep, Params, Plugin, implied
from provbench.results.store import KEY_LENGTH, Phase, digest

from .nested import flattened

__all__ = ["KEY_LENGTH", "Place", "PluginSpec", "RunSpec", "default_data_root", "digest"]


class PluginSpec(BaseModel):
    """A plugin with its version and every one of its parameters."""

    model_config = ConfigDict(frozen=True)

    name: str
    version: str
    params: dict[str, Any]
    implied: tuple[str, ...] = ()
    """Parameters that are no part of the key: those that came later, at defaults that change nothing, and places of
    data, for whose contents the fingerprint stands."""

    @classmethod
    def of(cls, plugin: type[Plugin], params: Params) -> PluginSpec:
        return cls(
            name=plugin.name, version=plugin.version, params=params.model_dump(mode="json"), implied=implied(params)
        )

    def identity(self) -> dict[str, Any]:
        """Returns what the key has of it."""
        params = {name: value for name, value in self.params.items() if name not in self.implied}
        return {"name": self.name, "version": self.version, "params": params}

    def flat(self) -> dict[str, Any]:
        """Returns the parameters as `cutmix.prob`; those within another as `gradient-guidance.alpha.share`."""
        return {f"{self.name}.{path}": value for path, value in flattened(self.params).items()}


class RunSpec(BaseModel):
    """Everything that decides a run's outcome, and the names under which the suite knows it."""

    model_config = ConfigDict(frozen=True)

    task: PluginSpec
    """Its version is the protocol's; its parameters hold the recipe."""
    variant: str
    """The name of one of the task's variants."""
    synthesizer: PluginSpec | None = None
    augmentation: PluginSpec | None = None
    regularizers: tuple[PluginSpec, ...] = ()
    seed: int
    phase: Phase
    selection_metric: str
    higher_is_better: bool = True
    """Direction of the selection metric: True if higher is better."""
    fingerprint: str
    processes: int = 1
    """Number of processes that train this one run together by DDP, each with a part of every batch."""
    suite: str = ""
    cell: str = ""
    """Name of the task's section in the suite."""
    method: str = ""
    network_version: str = DEFAULT_VERSION
    """Version of the registered model that the task's parameter `model` names."""
    plugins: tuple[str, ...] = ()
    """Modules or files to load before anything else."""

    def identity(self) -> dict[str, Any]:
        """Returns what the key is made of: no path, no name that the suite gave, no order."""
        identity = self.model_dump(mode="json", exclude={"suite", "cell", "method", "plugins"})
        identity["task"] = self.task.identity()
        identity["synthesizer"] = self.synthesizer and self.synthesizer.identity()
        identity["augmentation"] = self.augmentation and self.augmentation.identity()
        regularizers = sorted(self.regularizers, key=lambda plugin: plugin.name)
        identity["regularizers"] = [plugin.identity() for plugin in regularizers]
        if self.processes == 1:
            del identity["processes"]
        if self.network_version == DEFAULT_VERSION:
            del identity["network_version"]  # as before models had versions
        if self.task.params.get("checkpoint") != "best":
            del identity["selection_metric"]  # which no epoch is chosen by
        if self.higher_is_better or "selection_metric" not in identity:
            del identity["higher_is_better"]
        return identity

    @cached_property
    def key(self) -> str:
        """The first 20 hexadecimal digits of the SHA-256 of the identity as canonical JSON."""
        return digest(self.identity())

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        copied = super().model_copy(update=update, deep=deep)
        vars(copied).pop("key", None)  # it would be the original's
        return copied

    @property
    def parameters(self) -> dict[str, Any]:
        """Flat: task parameters by name, plugin parameters as `cutmix.prob`."""
        parts = [self.synthesizer, self.augmentation, *self.regularizers]
        flat = dict(self.task.params)
        for plugin in parts:
            flat.update(plugin.flat() if plugin is not None else {})
        return flat


def default_data_root() -> Path:
    return Path(os.environ.get("PROVBENCH_DATA", "data"))


@dataclass(frozen=True)
class Place:
    """The place and resources of a run's execution. Nothing here may change its outcome, on one kind of device."""

    data_root: Path = field(default_factory=default_data_root)
    work_root: Path = Path(".provbench-work")
    """A folder `<key>` under it keeps the checkpoint that an interrupted run resumes from."""
    threads: int = 1
    """Number of threads of torch's operators. On a CPU, sums may differ in the last bit between numbers of threads."""
    workers: int | None = None
    """Processes that load data; None: on a GPU as many as the threads allow, without one none."""
    keep: Keep = "none"
    """Weights that a final run keeps, as `<key>/weights/epoch_<number>.safetensors` under work_root."""
    time_limit: float | None = None
    """Seconds that one attempt of a run may take. It does not count what an earlier attempt took."""
    logs: Path | None = None
    """Folder of what runs print, `<key>.log`; None: it is not kept."""
    pictures: int = 0
    """Number of pictures of test samples that a final run draws, as `<key>/pictures/<name>.png` under work_root."""
