"""The sections of a suite file and what each may say. Plugins' names and parameters are checked in `planning`."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from provbench.registry import SIZES, SearchSpace
from provbench.results.store import MAX_INTEGER

from .names import FileName
from .table_section import Section, TableSection

Seed = Annotated[int, Field(ge=-MAX_INTEGER, le=MAX_INTEGER)]


def _named(value: Any) -> Any:
    """`cutmix` for `{name: cutmix}`."""
    return {"name": value} if isinstance(value, str) else value


class PluginUse(BaseModel):
    """A plugin by name, with its parameters in the same mapping: `{name: cutmix, prob: 0.5}`."""

    model_config = ConfigDict(extra="allow", frozen=True)

    name: str

    @property
    def values(self) -> dict[str, Any]:
        return dict(self.__pydantic_extra__ or {})


Use = Annotated[PluginUse, BeforeValidator(_named, json_schema_input_type=str | PluginUse)]


def _listed(value: Any) -> Any:
    """`val` for `[val]`."""
    return (value,) if isinstance(value, str) else value


Plugins = Annotated[tuple[str, ...], BeforeValidator(_listed, json_schema_input_type=str | tuple[str, ...])]
Protocols = Annotated[tuple[str, ...], BeforeValidator(_listed, json_schema_input_type=str | tuple[str, ...])]


class BudgetSection(Section):
    """The training budget that all methods share: one of epochs, steps, samples and seconds."""

    epochs: int | None = Field(None, ge=1, description="passes over the training data, synthetic samples included")
    steps: int | None = Field(None, ge=1, description="batches in all")
    samples: int | None = Field(None, ge=1, description="training samples in all, in whole batches")
    seconds: float | None = Field(None, gt=0, description="of training steps; no two runs are equal")
    validations: int | None = Field(None, ge=1, description="spread evenly over the budget; of epochs, at most so many")

    @model_validator(mode="after")
    def _has_one(self) -> BudgetSection:
        given = [name for name in SIZES if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"a budget has one of {', '.join(SIZES)} (got {' and '.join(given) or 'none'})")
        return self

    @property
    def params(self) -> dict[str, Any]:
        """The parameters of a recipe that it sets."""
        set_here = self.model_dump(exclude_none=True)
        if self.epochs is not None and self.validations is not None:
            del set_here["validations"]
            set_here["val_every"] = -(-self.epochs // self.validations)
        return set_here

    @property
    def held(self) -> frozenset[str]:
        """The parameters of a recipe that nothing else may set. Where it is not one of epochs, their number only
        says into how many parts the schedule divides it."""
        return frozenset({*SIZES, "validations", "val_every"} - ({"epochs"} if self.epochs is None else set()))


class MethodSection(Section):
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


class TaskSection(Section):
    """A task, the methods that are compared on it, and parameters that single cells set."""

    task: str | None = Field(None, description="registered name; default: the section's own name")
    variant: str = Field("full", description="of the data, one of the task's: full, mini (generated), or its own")
    params: dict[str, Any] = Field(default_factory=dict, description="task parameters, for every method")
    budget: BudgetSection | None = Field(None, description="instead of the suite's")
    methods: tuple[str, ...] | None = Field(None, description="default: every method of the suite")
    processes: int = Field(1, ge=1, description="of one run, which train it together by DDP")
    selection: Protocols = Field(
        (), description="selection protocols: the search goes by the first; default: the task's own first one"
    )
    overrides: dict[str, dict[str, Any]] = Field(
        default_factory=dict, description="method -> parameters: `lr`, `cutmix.prob`, `gradient-guidance.alpha` …"
    )


class SearchSection(Section):
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


class Suite(Section):
    """A suite file."""

    name: FileName = Field(description="of the suite: its folder in the output folder has this name")
    description: str = Field("", description="what the suite compares, for people; changes nothing")
    plugins: Plugins = Field((), description="modules or .py files, relative to the suite's, that register plugins")
    seeds: tuple[Seed, ...] = Field((0, 1, 2), min_length=1, description="of the final runs: one run for each")
    budget: BudgetSection | None = Field(None, description="of every run; default: what each task's recipe says")
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

    def budget_of(self, task: str) -> BudgetSection | None:
        return self.tasks[task].budget or self.budget

    def budget_params(self, task: str) -> dict[str, Any]:
        """Returns the parameters that the budget of a task section sets; {} where the recipe's own budget holds."""
        budget = self.budget_of(task)
        return {} if budget is None else budget.params
