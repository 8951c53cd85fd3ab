"""Loads a suite file, checks that its sections agree, and keeps the lines for messages."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from provbench.registry import is_file, load_plugins
from provbench.registry.base import UserError, nearest, shown

from .complaints import complaints
from .sections import Suite
from .sweep import SweepError, expand_sweeps, sweep_points
from .yaml_file import Location, line_of, load_yaml

logger = logging.getLogger(__name__)
BUILTIN_FOLDER = Path(__file__).parents[1]


class SuiteFile:
    """A suite with the file that it was read from, for messages that name file and line.

    sweeps: by swept method, the parameters of each of the methods that it stands for. labels: how tables write it.
    """

    def __init__(self, suite: Suite, path: Path, lines: Mapping[Location, int]) -> None:
        swept = any(method.sweep for method in suite.methods.values())
        self.suite, self.path, self._lines = expand_sweeps(suite) if swept else suite, path, lines
        self.sweeps = sweep_points(suite) if swept else {}
        self.labels = {name: method.label or name for name, method in suite.methods.items() if method.sweep}

    @property
    def plugins(self) -> tuple[str, ...]:
        """The plugins that the suite names, each file with its folder."""
        folder = self.path.parent
        return tuple(str(folder / name) if is_file(name) else name for name in self.suite.plugins)

    def load_plugins(self) -> None:
        """Import them. Raises `UserError` naming file, line and plugin."""
        for place, name in enumerate(self.plugins):
            try:
                load_plugins((name,))
            except UserError as error:
                raise UserError(f"{self.where('plugins', place)}: {error}") from None

    def where(self, *location: str | int) -> str:
        return f"{self.path}:{line_of(location, self._lines)}: {'.'.join(map(str, location))}"


def load_suite(reference: str) -> SuiteFile:
    """A suite by path, or by the name of one that comes with provbench (`mini`, `wsol_cub`, …).

    Raises `UserError` with one line for each thing that is wrong, naming file, line, field and value.
    """
    path = find_suite(reference)
    logger.debug("reads the suite %s", path)
    data, lines = load_yaml(path)
    if not isinstance(data, dict):
        raise UserError(f"{path}:1: a suite is a mapping with name, tasks and methods (got {shown(data)})")
    try:
        suite = Suite.model_validate(data)
    except ValidationError as error:
        raise UserError("\n".join(complaints(error, path, lines, data, Suite))) from None
    try:
        file = SuiteFile(suite, path, lines)
    except SweepError as error:
        raise UserError(f"{path}:{line_of(error.location, lines)}: {error}") from None
    _check_references(suite, file)
    return file


def _check_references(suite: Suite, file: SuiteFile) -> None:
    """Every method and task that a section refers to is one of the suite's own."""
    methods = {**suite.methods, **file.suite.methods}

    def check(kind: str, names: Iterable[str | None], known: Mapping[str, Any], *location: str | int) -> None:
        for name in names:
            if name is not None and name not in known:
                raise UserError(f"{file.where(*location)}: unknown {kind} {name!r}{nearest(name, known)}")

    for name, task in suite.tasks.items():
        check("method", task.methods or (), methods, "tasks", name, "methods")
        check("method", task.overrides, methods, "tasks", name, "overrides")
    if len(set(suite.seeds)) != len(suite.seeds):
        raise UserError(f"{file.where('seeds')}: {list(suite.seeds)} has one twice")
    if suite.search.trials and suite.search.seed in suite.seeds:
        raise UserError(f"{file.where('search', 'seed')}: {suite.search.seed} is one of the final seeds")


def builtin_suites() -> dict[str, Path]:
    """The suites that come with provbench, by name."""
    return {path.stem: path for path in sorted(BUILTIN_FOLDER.glob("*/*.yaml"))}


def find_suite(reference: str) -> Path:
    path = Path(reference)
    if path.suffix in (".yaml", ".yml") or "/" in reference:
        if not path.is_file():
            raise UserError(f"{path}: no such suite file")
        return path
    suites = builtin_suites()
    if reference not in suites:
        raise UserError(f"unknown suite {reference!r}{nearest(reference, suites)} Or give the path of a .yaml file.")
    return suites[reference]
