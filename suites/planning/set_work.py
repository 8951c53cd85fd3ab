"""The making of one synthetic set as picklable data: what a worker process needs to do its share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any

from provbench.registry import TASKS, Estimate, Phased, Progress, Share, Task, TrainingSet, load_plugins
from provbench.registry.base import derived_folder

from .plan import Cell, Plan
from .spec import PluginSpec
from .synthetic import (
    as_read,
    begun_folder,
    build_synthesizer,
    data_fingerprint,
    find_synthetic,
    making,
    put_in_place,
    synthetic_folder,
)


@dataclass(frozen=True)
class SetWork:
    """A set of a synthesizer whose work is done in phases. title: for people, as task and method."""

    title: str
    task_name: str
    variant: str
    params: Mapping[str, Any]
    synthesizer: PluginSpec
    data_root: Path
    plugins: tuple[str, ...] = ()

    @classmethod
    def of(cls, cell: Cell, data_root: Path) -> SetWork:
        """Returns the work of a cell that has a synthesizer."""
        spec = cell.spec(0, "final", "")
        assert spec.synthesizer is not None
        return cls(
            f"{cell.name}/{cell.method}",
            spec.task.name,
            spec.variant,
            spec.task.params,
            spec.synthesizer,
            data_root,
            spec.plugins,
        )

    def __reduce__(self) -> tuple[Any, ...]:
        """Leaves behind what is computed from the fields: plugins' classes may be unknown where this is read."""
        return SetWork, tuple(getattr(self, one.name) for one in fields(self))

    @cached_property
    def task(self) -> Task:
        load_plugins(self.plugins)
        own = TASKS.get(self.task_name)
        return own(own.Params(**self.params), variant=self.variant, data_root=self.data_root)

    @cached_property
    def plugin(self) -> Phased:
        load_plugins(self.plugins)
        plugin = build_synthesizer(self.synthesizer)
        assert isinstance(plugin, Phased)
        return plugin

    @cached_property
    def data(self) -> TrainingSet:
        return as_read(self.plugin, self.task.training_set())

    @cached_property
    def fingerprint(self) -> str:
        return data_fingerprint(self.task, self.synthesizer)

    @cached_property
    def folder(self) -> Path:
        """Returns the folder that the finished set will have."""
        return synthetic_folder(self.task, self.synthesizer, self.fingerprint, derived_folder(self.data_root))

    @property
    def begun(self) -> Path:
        """Returns the folder of the unfinished set."""
        return begun_folder(self.folder)

    def found(self) -> Path | None:
        """Returns the folder of the finished set if it is there."""
        return find_synthetic(self.task, self.synthesizer, self.fingerprint, self.data_root)

    def estimate(self, share: Share) -> Estimate:
        """Returns what is left to do."""
        return self.plugin.estimate(self.data, self.begun, share)

    def work(self, phase: str, share: Share, progress: Progress) -> None:
        """Does a share of a phase in this process."""
        self.begun.mkdir(parents=True, exist_ok=True)
        self.plugin.work(phase, self.data, self.begun, share, progress)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keeps other drivers away from the set while the body runs."""
        with making(self.task, self.synthesizer, self.fingerprint, self.data_root):
            yield

    def finish(self) -> Path | None:
        """Puts the set in its place and returns its folder if every image is there; None if not."""
        if self.folder.is_dir():
            return self.folder
        if not self.plugin.finish(self.data, self.begun):
            return None
        put_in_place(self.begun, self.folder)
        return self.folder


def found_set(cell: Cell, data_root: Path) -> Path | None:
    """Returns the folder of a cell's synthetic set if it is there and whole."""
    spec = cell.spec(0, "final", "")
    task = cell.build_task(data_root)
    if spec.synthesizer is None:
        return None
    return find_synthetic(task, spec.synthesizer, data_fingerprint(task, spec.synthesizer), data_root)


def is_phased(synthesizer: PluginSpec) -> bool:
    """Returns whether several workers can make the sets of a synthesizer."""
    return isinstance(build_synthesizer(synthesizer), Phased)


def phased_sets(plan: Plan, data_root: Path) -> list[SetWork]:
    """Returns the sets of a plan that are made in phases, each once."""
    found: dict[Path, SetWork] = {}
    for cell in plan.cells:
        used = cell.spec(0, "final", "").synthesizer
        if used is not None and is_phased(used):
            work = SetWork.of(cell, data_root)
            found.setdefault(work.folder, work)
    return list(found.values())
