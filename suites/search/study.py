"""The study of one cell, by ask and tell, driven from one process."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite, nan
from typing import Any, Literal

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.storages import BaseStorage
from optuna.trial import FrozenTrial, Trial, TrialState

from provbench.registry import periods_of
from provbench.registry.base import best_key
from provbench.results.store import Status, ValView

from ..planning import RunSpec, digest
from .pruners import Pruner
from .samplers import Fixed, Sampler
from .storage import reaching

optuna.logging.set_verbosity(optuna.logging.WARNING)
warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)

MOST_NAME = 460
"""Characters of a cell's name in that of its study: databases have room for 512 in all."""
_STATES: dict[Status, TrialState] = {"pruned": TrialState.PRUNED, "failed": TrialState.FAIL}


@dataclass(frozen=True)
class Settings:
    """Settings of a cell's search. Other settings make another study; `trials` is a total, and may grow."""

    trials: int
    seed: int
    startup: int
    sampler: Sampler
    pruner: Pruner
    space: Mapping[str, BaseDistribution]
    warm_starts: Sequence[Mapping[str, Any]] = ()
    """Values that the first trials have; what one lacks, or has outside of the space, is drawn."""
    higher_is_better: bool = True
    """Direction of the metric: True if it is maximised, False if it is minimised."""
    goal: str = ""
    """The metric, where it is another than the one that the task is selected by unless a suite says otherwise."""

    @property
    def budget(self) -> int:
        return self.sampler.budget(self.trials, self.space)

    @property
    def direction(self) -> Literal["maximize", "minimize"]:
        return "maximize" if self.higher_is_better else "minimize"

    def identity(self) -> dict[str, Any]:
        """Returns what distinguishes the studies of a cell. Settings at their defaults are left out, so that older
        studies keep their names.
        """
        goal = {"metric": self.goal} if self.goal else {}
        direction = {} if self.higher_is_better else {"direction": self.direction}
        return {
            **goal,
            **direction,
            "seed": self.seed,
            "startup": self.startup,
            "sampler": [self.sampler.name, self.sampler.params.model_dump(mode="json")],
            "pruner": [self.pruner.name, self.pruner.params.model_dump(mode="json")],
            "space": {name: repr(axis) for name, axis in self.space.items()},
            "warm_starts": [dict(values) for values in self.warm_starts],
        }


class CellSearch:
    """One cell's trials. Opening the study again never adds to its budget.

    What it learns of a run is a `ValView`, which has no test metrics. A trial that was under way when an earlier driver
    died is taken up again with its parameters, so none stays `RUNNING`, and since a run's key follows from its
    parameters, a run that had finished is not trained again.
    """

    @reaching()
    def __init__(self, storage: BaseStorage, base: RunSpec, settings: Settings) -> None:
        self.settings = settings
        name = study_name(base, settings)
        pruner = settings.pruner.pruner(periods_of(base.task.params))
        try:
            self.study = optuna.load_study(study_name=name, storage=storage, pruner=pruner)
        except KeyError:  # not by `load_if_exists`, which writes to the journal first and then looks
            direction = settings.direction
            self.study = optuna.create_study(study_name=name, storage=storage, pruner=pruner, direction=direction)
        trials = self.trials()
        self._orphans = [trial for trial in trials if trial.state == TrialState.RUNNING]
        self._asked = len(trials)
        self._open: dict[int, Trial] = {}

    @property
    def exhausted(self) -> bool:
        """Returns whether all trials of the budget have been requested."""
        return not self._orphans and self._asked >= self.settings.budget

    @reaching()
    def ask(self) -> tuple[int, dict[str, Any]]:
        """The number and the parameters of the next trial to run."""
        if self._orphans:
            orphan = self._orphans.pop(0)
            self.study.sampler = self._sampler(orphan.number)
            trial = Trial(self.study, orphan._trial_id)  # killed while it was asked, it may lack some parameters
        else:
            self.study.sampler = self._sampler(self._asked)
            trial = self.study.ask()
            self._asked = trial.number + 1
        self._open[trial.number] = trial
        return trial.number, {name: _suggest(trial, name, axis) for name, axis in self.settings.space.items()}

    @reaching()
    def report(self, number: int, epoch: int, value: float | None) -> bool:
        """Take in a trial's validation value after an epoch; whether the trial is to be stopped."""
        if value is None or not self.settings.pruner.prunes:
            return False
        trial = self._open[number]
        if epoch not in self.trials()[number].intermediate_values:
            trial.report(value if isfinite(value) else nan, epoch)
        return trial.should_prune()

    @reaching()
    def tell(self, number: int, run: ValView, metric: str) -> None:
        """End a trial with the validation value of its run."""
        _check(run)
        del self._open[number]
        value = run.val.get(metric)
        if run.status == "done" and value is not None and isfinite(value):
            self.study.tell(number, value)
        else:
            self.study.tell(number, state=_STATES.get(run.status, TrialState.FAIL))

    def best(self) -> dict[str, Any]:
        """The parameters of the best finished trial, the earliest of equals; {} if none finished."""
        finished = self.finished()
        values = {place: trial.value for place, trial in enumerate(finished) if trial.value is not None}
        best = best_key(values, self.settings.higher_is_better)
        return {} if best is None else dict(finished[best].params)

    def finished(self) -> list[FrozenTrial]:
        """The trials that ran to their end, in their order."""
        return [trial for trial in self.trials() if trial.state == TrialState.COMPLETE and trial.value is not None]

    def failed(self) -> list[FrozenTrial]:
        """The trials whose run failed, in their order."""
        return [trial for trial in self.trials() if trial.state == TrialState.FAIL]

    @reaching()
    def trials(self) -> list[FrozenTrial]:
        return self.study.get_trials(deepcopy=False)

    def counts(self) -> dict[str, int]:
        """Trials by how they ended."""
        states = [trial.state for trial in self.trials()]
        return {
            "finished": states.count(TrialState.COMPLETE),
            "pruned": states.count(TrialState.PRUNED),
            "failed": states.count(TrialState.FAIL),
        }

    def _sampler(self, number: int) -> optuna.samplers.BaseSampler:
        """The sampler of a trial: warm starts, then random draws that all studies share, then the suite's choice."""
        settings = self.settings
        if settings.sampler.begins_at_random:
            if number < len(settings.warm_starts):
                return Fixed(settings.warm_starts[number], settings.seed)
            if number < len(settings.warm_starts) + settings.startup:
                return Fixed({}, settings.seed)
        return settings.sampler.sampler(settings.seed, number, settings.startup, settings.space)


def study_name(base: RunSpec, settings: Settings) -> str:
    """Returns the name of a cell's study under these settings. A long name, as sweeps have, is cut and made unique."""
    cell = f"{base.cell}/{base.method}"
    if len(cell) > MOST_NAME:
        cell = f"{cell[:MOST_NAME]}~{digest(cell)}"
    return f"{cell}/{digest({'base': base.identity(), **settings.identity()})}"


def _suggest(trial: Trial, name: str, axis: BaseDistribution) -> Any:
    """The trial's value on an axis, drawn if it has none yet."""
    if isinstance(axis, CategoricalDistribution):
        return trial.suggest_categorical(name, axis.choices)
    if isinstance(axis, IntDistribution):
        return trial.suggest_int(name, axis.low, axis.high, step=axis.step, log=axis.log)
    assert isinstance(axis, FloatDistribution)
    return trial.suggest_float(name, axis.low, axis.high, step=axis.step, log=axis.log)


def _check(run: object) -> None:
    if not isinstance(run, ValView):
        raise TypeError(f"a search is told a ValView and not {type(run).__name__}, so that it cannot see test metrics")
