"""Plans a suite: its cells, and the runs that each cell needs. Imports no torch and writes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from provbench.registry import (
    AUGMENTATIONS,
    DEFAULT_VERSION,
    MODELS,
    PRUNERS,
    REGULARIZERS,
    SAMPLERS,
    SYNTHESIZERS,
    TASKS,
    Params,
    ProtocolRules,
    Registry,
    SearchSpace,
    Task,
    Variant,
    load_plugins,
    validate_params,
)
from provbench.registry.base import UserError, nearest
from provbench.results.store import Phase

from ..file import PluginUse, SuiteFile, fitted
from .held_equal import check_budgets
from .method_part import MethodPart
from .nested import declared_spaces, field_at
from .protocol_rules import ORACLE, check_protocols, check_rules, metric_of
from .spec import PluginSpec, RunSpec
from .synthetic import data_fingerprint


@dataclass(frozen=True, eq=False)
class Cell:
    """task x method: what one study searches and what a table's cell shows."""

    suite: str
    name: str
    """Name of the task's section in the suite."""
    method: str
    label: str
    task: type[Task]
    variant: Variant
    values: Mapping[str, Any]
    """Task parameters that the suite sets."""
    synthesizer: MethodPart | None
    augmentation: MethodPart | None
    regularizers: tuple[MethodPart, ...]
    overrides: Mapping[str, Any]
    swept: frozenset[str]
    """Parameters whose values make this method one point of a sweep: no search varies them."""
    protocols: tuple[str, ...]
    """Selection protocols; the search goes by the first one's metric."""
    processes: int
    plugins: tuple[str, ...]
    where: str

    @property
    def parts(self) -> tuple[MethodPart, ...]:
        return tuple(part for part in (self.synthesizer, self.augmentation, *self.regularizers) if part is not None)

    @property
    def protocol(self) -> str:
        return self.protocols[0]

    def selection_metric(self, protocol: str) -> str:
        """The metric that a protocol goes by; the oracle's is a test metric, by default the task's main one."""
        return metric_of(self.task, protocol)

    def higher_is_better(self, protocol: str) -> bool:
        """Returns whether the metric of a protocol is better when higher."""
        return self.task.info.metric(self.selection_metric(protocol)).higher_is_better

    @cached_property
    def parameter_models(self) -> dict[str, type[Params]]:
        """Parameter model by prefix: "" for the task's own, `cutmix.` for a plugin's."""
        return {"": self.task.Params, **{f"{part.name}.": part.model for part in self.parts}}

    def knows(self, parameter: str) -> bool:
        """Returns whether the cell has this parameter, or could be given it."""
        return field_at(self.parameter_models, parameter) is not None

    def varies(self, parameter: str) -> bool:
        """Returns whether a search can vary this parameter. Of a weight that is a share that is `alpha.share`, and not
        `alpha`.
        """
        return parameter in self._values

    @cached_property
    def _values(self) -> dict[str, Any]:
        return self.spec(0, "search", "").parameters

    def parameters(self) -> list[str]:
        return [prefix + name for prefix, model in self.parameter_models.items() for name in model.model_fields]

    def space(self, parameter: str, given: SearchSpace | None) -> SearchSpace:
        """The space of a parameter, by default the declared one, as the parameter's type has it. Raises `UserError`."""
        field = field_at(self.parameter_models, parameter)
        assert field is not None
        space = given or self.default_spaces()[parameter]
        return fitted(
            space, field.annotation, lambda value: self.spec(0, "search", "", {parameter: value}).parameters[parameter]
        )

    def check(self, chosen: Mapping[str, Any] | None = None) -> None:
        """Raises `UserError` where every run fails that has these parameters on top of the suite's."""
        spec = self.spec(0, "search", "", chosen)
        self.task.check(self.task.Params(**spec.task.params))

    def default_spaces(self) -> dict[str, SearchSpace]:
        """The search spaces that the task and the plugins declare."""
        return declared_spaces(self.parameter_models, self.varies)

    def resolve_task(
        self, chosen: Mapping[str, Any] | None = None, protocol: str | None = None, phase: Phase = "final"
    ) -> PluginSpec:
        """Returns the task with the parameters of a run under a protocol, by default the first."""
        merged = {**self.overrides, **(chosen or {})}
        own = {key: value for key, value in merged.items() if "." not in key}
        ruled = self.task.info.ruled(protocol or self.protocol).of(phase)
        params = self.task.resolve_params({**self.values, **own, **ruled}, self.variant.name, self.where)
        return PluginSpec.of(self.task, params)

    def setting(self, protocol: str) -> str:
        """Returns the task's protocol in words, as a selection protocol has it."""
        own = self.task.setting(self.task.Params(**self.resolve_task(protocol=protocol).params))
        return "; ".join(words for words in (own, self.rules(protocol).words) if words)

    def rules(self, protocol: str) -> ProtocolRules:
        """Returns what a selection protocol sets."""
        return self.task.info.ruled(protocol)

    def probes(self, protocol: str) -> bool:
        """Returns whether a protocol looks at runs of its own of the trials that the search made under the first."""
        if not self.rules(protocol).searches:
            return False
        return protocol == ORACLE or self.rules(protocol).trials != self.rules(self.protocol).trials

    def trial(
        self, seed: int, fingerprint: str, chosen: Mapping[str, Any] | None = None, protocol: str | None = None
    ) -> list[RunSpec]:
        """Returns the runs of a trial under a protocol, by default the first: one, or one for each fold."""
        spec = self.spec(seed, "search", fingerprint, chosen, protocol)
        names = self.rules(protocol or self.protocol).folds
        if names is None:
            return [spec]
        each = [{**spec.task.params, names[1]: fold} for fold in range(spec.task.params[names[0]])]
        return [spec.model_copy(update={"task": spec.task.model_copy(update={"params": of})}) for of in each]

    def build_task(self, data_root: Path) -> Task:
        return self.task(self.task.Params(**self.resolve_task().params), variant=self.variant.name, data_root=data_root)

    def spec(
        self,
        seed: int,
        phase: Phase,
        fingerprint: str,
        chosen: Mapping[str, Any] | None = None,
        protocol: str | None = None,
    ) -> RunSpec:
        """The run of this cell with a seed, and with parameters that a search chose under a protocol."""
        merged = {**self.overrides, **(chosen or {})}
        epochs_by = self.protocol if protocol in (None, ORACLE) else protocol  # no epoch is chosen on test data
        task = self.resolve_task(chosen, protocol, phase)
        return RunSpec(
            task=task,
            variant=self.variant.name,
            synthesizer=self.synthesizer and self.synthesizer.resolve(merged),
            augmentation=self.augmentation and self.augmentation.resolve(merged),
            regularizers=tuple(part.resolve(merged) for part in sorted(self.regularizers, key=lambda part: part.name)),
            seed=seed,
            phase=phase,
            selection_metric=self.selection_metric(epochs_by),
            higher_is_better=self.higher_is_better(epochs_by),
            fingerprint=fingerprint,
            processes=self.processes,
            network_version=_network_version(str(task.params["model"])),
            suite=self.suite,
            cell=self.name,
            method=self.method,
            plugins=self.plugins,
        )


def _network_version(name: str) -> str:
    """Returns the version of a registered model; a task's own networks are covered by the version of the task."""
    return MODELS.version(name) if name in MODELS else DEFAULT_VERSION


@dataclass(frozen=True)
class Plan:
    """A suite, checked: every name exists and every parameter is valid.

    plugins: the modules and files that were loaded for it.
    """

    file: SuiteFile
    cells: tuple[Cell, ...]
    plugins: tuple[str, ...] = ()

    def spaces(self, cell: Cell) -> dict[str, SearchSpace]:
        """Returns the search space of a cell: the parameters of `search.space` that it has and that no sweep has
        set.
        """
        return self._spaces[cell]

    @cached_property
    def _spaces(self) -> dict[Cell, dict[str, SearchSpace]]:
        search = self.file.suite.search
        searched = {cell for cell in self.cells if search.trials and cell.rules(cell.protocol).searches}
        return {cell: _spaces(cell, search.space) if cell in searched else {} for cell in self.cells}

    def sections(self) -> dict[str, Cell]:
        """One cell for each task section: enough to reach its data."""
        return {cell.name: cell for cell in reversed(self.cells)}

    def fingerprints(self, data_root: Path) -> dict[Cell, str]:
        """Fingerprint of the data that each cell reads. Raises `MissingDataError` where data are missing."""
        known: dict[str, str] = {}
        found = {}
        for cell in self.cells:
            spec = cell.spec(0, "final", "")
            reads = spec.model_dump_json(include={"task", "variant", "synthesizer"})
            if reads not in known:
                known[reads] = data_fingerprint(cell.build_task(data_root), spec.synthesizer)
            found[cell] = known[reads]
        return found

    def final_specs(
        self, cell: Cell, fingerprint: str, chosen: Mapping[str, Any] | None = None, protocol: str | None = None
    ) -> list[RunSpec]:
        """One run a seed."""
        first = cell.spec(self.file.suite.seeds[0], "final", fingerprint, chosen, protocol)
        return [first.model_copy(update={"seed": seed}) for seed in self.file.suite.seeds]


def _spaces(cell: Cell, given: Mapping[str, SearchSpace | None]) -> dict[str, SearchSpace]:
    names = given or cell.default_spaces()
    varied = [name for name in names if cell.varies(name) and name not in cell.swept]
    return {name: cell.space(name, given.get(name)) for name in varied}


def make_plan(file: SuiteFile, plugins: tuple[str, ...] = ()) -> Plan:
    """Resolve every name and parameter of a suite. Raises `UserError` naming file, line, field and value.

    plugins: modules or files to load in addition to those that the suite names.
    """
    file.load_plugins()
    load_plugins(plugins)
    plugins = tuple(dict.fromkeys((*file.plugins, *plugins)))
    suite = file.suite
    if any(suite.budget_of(task) for task in suite.tasks):
        check_budgets(file)
    cells = tuple(_cell(file, task, method, plugins) for task in suite.tasks for method in suite.methods_of(task))
    for cell in cells:
        _check_processes(cell.spec(0, "final", ""), cell, file)
        check_rules(cell.task, {*cell.values, *cell.overrides, *suite.search.space}, cell.where)
        _located(cell.where, cell.check)
    _check_sweeps(file, cells)
    _check_space(file, cells)
    plan = Plan(file, cells, plugins)
    _check_sampler(plan)
    return plan


def _cell(file: SuiteFile, name: str, method: str, plugins: tuple[str, ...]) -> Cell:
    section, composition = file.suite.tasks[name], file.suite.methods[method]
    where_task, where_method = file.where("tasks", name), file.where("methods", method)
    task = _located(where_task, lambda: TASKS.get(section.task or name))
    protocols = section.selection or (next(iter(task.info.selection)),)
    check_protocols(protocols, task, file.where("tasks", name, "selection"))

    def part(registry: Registry, use: PluginUse, *location: str | int) -> MethodPart:
        where = file.where("methods", method, *location)
        _located(where, lambda: registry.get(use.name))
        return MethodPart(registry, use.name, use.values, where)

    names = [use.name for use in composition.regularizers]
    if len(set(names)) != len(names):
        raise UserError(f"{file.where('methods', method, 'regularizers')}: {names} names one twice")
    cell = Cell(
        suite=file.suite.name,
        name=name,
        method=method,
        label=composition.label or method,
        task=task,
        variant=task.variant_named(section.variant, f"{file.where('tasks', name, 'variant')}: {task.name}"),
        values={**section.params, **composition.params, **file.suite.budget_params(name)},
        synthesizer=composition.synthesizer and part(SYNTHESIZERS, composition.synthesizer, "synthesizer"),
        augmentation=composition.augmentation and part(AUGMENTATIONS, composition.augmentation, "augmentation"),
        regularizers=tuple(
            part(REGULARIZERS, use, "regularizers", index) for index, use in enumerate(composition.regularizers)
        ),
        overrides={**composition.overrides, **section.overrides.get(method, {})},
        swept=frozenset(composition.sweep),
        protocols=protocols,
        processes=section.processes,
        plugins=plugins,
        where=where_method if composition.params else where_task,
    )
    for parameter in cell.overrides:
        if not cell.knows(parameter):
            ours = parameter in composition.overrides
            location = ("methods", method) if ours else ("tasks", name, "overrides", method, parameter)
            raise UserError(
                f"{file.where(*location)}: unknown parameter {parameter!r}{nearest(parameter, cell.parameters())}"
            )
    return cell


def _check_processes(spec: RunSpec, cell: Cell, file: SuiteFile) -> None:
    """Every process of a run gets the same share of each batch."""
    size = int(spec.task.params["batch_size"])
    if size % spec.processes:
        where = file.where("tasks", cell.name, "processes")
        raise UserError(f"{where}: {spec.processes} processes cannot share batches of {size} evenly ({cell.method})")


def _located(where: str, look_up: Any) -> Any:
    try:
        return look_up()
    except UserError as error:
        raise UserError(f"{where}: {error}") from None


def _check_space(file: SuiteFile, cells: tuple[Cell, ...]) -> None:
    search = file.suite.search
    for registry, use, field in ((SAMPLERS, search.sampler, "sampler"), (PRUNERS, search.pruner, "pruner")):
        if field not in search.model_fields_set:
            continue  # the default is right, and to look it up would import Optuna
        place = file.where("search", field)
        plugin = _located(place, partial(registry.get, use.name))
        validate_params(plugin.Params, use.values, f"{place}: {use.name}")
    for name, space in search.space.items():
        owners = [cell for cell in cells if cell.varies(name)]
        where = file.where("search", "space", name)
        if not owners:
            known = {parameter for cell in cells for parameter in cell.parameters()}
            raise UserError(f"{where}: no cell has this parameter{nearest(name, known)}")
        for cell in owners:
            if space is None and name not in cell.default_spaces():
                raise UserError(f"{where}: {name} declares no search space; give low and high, or choices")
            for value in _corners(_located(where, partial(cell.space, name, space))):
                _located(where, partial(cell.check, {name: value}))
    for number, values in enumerate(search.warm_starts):
        for name, value in values.items() if isinstance(values, dict) else ():
            where = file.where("search", "warm_starts", number)
            owners = [cell for cell in cells if cell.knows(name)]
            if not owners:
                known = {parameter for cell in cells for parameter in cell.parameters()}
                raise UserError(f"{where}: no cell has the parameter {name!r}{nearest(name, known)}")
            for cell in owners:
                _located(where, partial(cell.check, {name: value}))


def _check_sweeps(file: SuiteFile, cells: tuple[Cell, ...]) -> None:
    """Two points of a sweep are never one run: `[1e-3, 0.001]` has one value in two spellings."""
    for method, points in file.sweeps.items():
        known: dict[tuple[str, str], str] = {}
        for cell in (cell for cell in cells if cell.method in points):
            other = known.setdefault((cell.name, cell.spec(0, "final", "").key), cell.method)
            if other != cell.method:
                where = file.where("methods", method, "sweep")
                raise UserError(f"{where}: {other} and {cell.method} are the same runs: give each value once")


def _check_sampler(plan: Plan) -> None:
    """The sampler can draw from the space of every cell."""
    if not any(map(plan.spaces, plan.cells)):
        return  # without Optuna
    use = plan.file.suite.search.sampler
    sampler = SAMPLERS.build(use.name, **use.values)
    for cell in plan.cells:
        spaces = plan.spaces(cell)
        if spaces:
            where = plan.file.where("search", "sampler")
            _located(f"{where}: {use.name}: {cell.name}: {cell.method}", partial(sampler.check, spaces))


def _corners(space: SearchSpace) -> list[Any]:
    if space.choices is not None:
        return list(space.choices)
    corners = [space.low, space.high]
    return [int(value) if space.integer and value is not None else value for value in corners]
