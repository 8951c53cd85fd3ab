"""What a suite file may say. Names and parameters of plugins are checked later, in `plan`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from provbench.registry import SearchSpace, is_file, load_plugins
from provbench.registry.base import UserError, nearest, shown
from provbench.results.store import MAX_INTEGER

from .complaints import complaints
from .names import FileName
from .sweep import SweepError, expand_sweeps, sweep_points
from .table_section import TableSection
from .yaml_file import Location, line_of, load_yaml

BUILTIN_FOLDER = Path(__file__).parents[1]


Seed = Annotated[int, Field(ge=-MAX_INTEGER, le=MAX_INTEGER)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _named(value: Any) -> Any:
    """`cutmix` for `{name: cutmix}`."""
    return {"name": value} if isinstance(value, str) else value


class PluginUse(BaseModel):
    """A plugin by name, with its parameters beside: `{name: cutmix, prob: 0.5}`."""

    model_config = ConfigDict(extra="allow", frozen=True)

    name: str

    @property
    def values(self) -> dict[str, Any]:
        return dict(self.__pydantic_extra__ or {})


Use = Annotated[PluginUse, BeforeValidator(_named)]


def _listed(value: Any) -> Any:
    """`val` for `[val]`."""
    return (value,) if isinstance(value, str) else value


Plugins = Annotated[tuple[str, ...], BeforeValidator(_listed)]
Protocols = Annotated[tuple[str, ...], BeforeValidator(_listed)]


class MethodSection(_Section):
    """A composition of at most one synthesizer, at most one augmentation and any regularizers."""

    label: str | None = Field(None, description="how tables write it; default: its name")
    synthesizer: Use | None = None
    augmentation: Use | None = None
    regularizers: tuple[Use, ...] = ()
    params: dict[str, Any] = Field(default_factory=dict, description="task parameters, for every task")
    overrides: dict[str, Any] = Field(
        default_factory=dict, description="parameters of task and plugins, for every task: `lr`, `cutmix.prob` …"
    )
    sweep: dict[str, Annotated[tuple[Any, ...], Field(min_length=1)]] = Field(
        default_factory=dict, description="parameter -> values: one method for each combination of them"
    )


class TaskSection(_Section):
    """A task, the methods that are compared on it, and parameters that single cells set."""

    task: str | None = Field(None, description="registered name; default: the section's own name")
    variant: Literal["mini", "full"] = "full"
    params: dict[str, Any] = Field(default_factory=dict)
    methods: tuple[str, ...] | None = Field(None, description="default: every method of the suite")
    processes: int = Field(1, ge=1, description="of one run, which train it together by DDP")
    selection: Protocols = Field(
        (), description="selection protocols: the search goes by the first; default: the task's own first one"
    )
    overrides: dict[str, dict[str, Any]] = Field(
        default_factory=dict, description="method -> parameters: `lr`, `cutmix.prob`, `gradient-guidance.alpha` …"
    )


class SearchSection(_Section):
    """Hyper-parameter search: the same number of trials for every cell, then the final seeds with the best ones."""

    trials: int = Field(0, ge=0, description="in all, of each cell; starting again never adds; 0: no search")
    sampler: Use = Field(PluginUse(name="tpe"), description="tpe, random, grid, cma-es, qmc, or a plugin's")
    pruner: Use = Field(PluginUse(name="none"), description="none, median, hyperband, wilcoxon, or a plugin's")
    startup: int = Field(5, ge=0, description="random trials before the sampler's; methods share their draws")
    seed: int = Field(
        1000, ge=0, le=MAX_INTEGER, description="of the sampler and of the trials' trainings; not a final seed"
    )
    warm_starts: tuple[Literal["suite"] | dict[str, Any], ...] = Field(
        ("suite",), description="values of the first trials; suite: those that the suite file itself gives the method"
    )
    space: dict[str, SearchSpace | None] = Field(
        default_factory=dict,
        description="parameter -> space, or null for the one that its plugin declares; default: all that are declared",
    )


class Suite(_Section):
    """A suite file."""

    name: FileName
    description: str = ""
    plugins: Plugins = Field((), description="modules or .py files, relative to the suite's, that register plugins")
    seeds: tuple[Seed, ...] = Field((0, 1, 2), min_length=1)
    tasks: dict[FileName, TaskSection] = Field(default_factory=dict)
    methods: dict[str, MethodSection] = Field(default_factory=dict)
    search: SearchSection = Field(default_factory=lambda: SearchSection.model_validate({}))
    tables: tuple[TableSection, ...] = ()

    @model_validator(mode="after")
    def _has_something(self) -> Suite:
        if not self.tasks and not self.tables:
            raise ValueError("a suite needs tasks to run, or tables of published numbers to show")
        if self.tasks and not self.methods:
            raise ValueError("tasks without methods: there is nothing to run")
        return self

    def methods_of(self, task: str) -> tuple[str, ...]:
        return self.tasks[task].methods or tuple(self.methods)


class SuiteFile:
    """A suite with the file that it was read from, for messages that name file and line.

    sweeps: by swept method, the parameters of each of the methods that it stands for.
    """

    def __init__(self, suite: Suite, path: Path, lines: Mapping[Location, int]) -> None:
        self.suite, self.path, self._lines = expand_sweeps(suite), path, lines
        self.sweeps = sweep_points(suite)

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
