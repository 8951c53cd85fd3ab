"""One Optuna study for each cell, by ask and tell, driven from one process."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.samplers import BaseSampler, RandomSampler, TPESampler
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial, TrialState

from ..registry import SearchSpace
from ..results.record import RunRecord, Status
from .schema import SearchSection
from .spec import RunSpec, digest

optuna.logging.set_verbosity(optuna.logging.WARNING)

_STATES: dict[Status, TrialState] = {"pruned": TrialState.PRUNED, "failed": TrialState.FAIL}


class CellSearch:
    """The study of one cell. The trial budget is a total: opening the study again never adds to it.

    A trial that was under way when an earlier driver died is taken up again with its parameters, so none stays
    `RUNNING`, and since a run's key follows from its parameters, a run that had finished is not trained again.
    """

    def __init__(
        self, storage: JournalStorage, base: RunSpec, section: SearchSection, space: Mapping[str, SearchSpace]
    ):
        self.section = section
        self.space = {name: distribution(dimension) for name, dimension in space.items()}
        name = study_name(base, section, space)
        try:
            self.study = optuna.load_study(study_name=name, storage=storage)
        except KeyError:  # not by `load_if_exists`, which writes to the journal first and then looks
            self.study = optuna.create_study(study_name=name, storage=storage, direction="maximize")
        self._orphans = [trial for trial in self.study.trials if trial.state == TrialState.RUNNING]
        self._asked = len(self.study.trials)

    @property
    def exhausted(self) -> bool:
        """Whether the whole budget has been asked for."""
        return not self._orphans and self._asked >= self.section.trials

    def ask(self) -> tuple[int, dict[str, Any]]:
        """The number and the parameters of the next trial to run."""
        if self._orphans:
            orphan = self._orphans.pop(0)
            return orphan.number, orphan.params
        self.study.sampler = self._sampler(self._asked)
        self._asked += 1
        trial = self.study.ask(self.space)
        return trial.number, trial.params

    def tell(self, number: int, record: RunRecord, metric: str) -> None:
        """End a trial with the validation value of its record."""
        value = record.val.get(metric)
        if record.status == "done" and value is not None and value == value:
            self.study.tell(number, value)
        else:
            self.study.tell(number, state=_STATES.get(record.status, TrialState.FAIL))

    def chosen(self) -> dict[str, Any]:
        """The parameters of the best finished trial, the earliest of equals; {} if none finished."""
        finished = [trial for trial in self.trials() if trial.state == TrialState.COMPLETE and trial.value is not None]
        return dict(max(finished, key=lambda trial: (trial.value, -trial.number)).params) if finished else {}

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

    def _sampler(self, number: int) -> BaseSampler:
        """Seeded by the trial's number, so that a search that was interrupted goes on as it would have."""
        seed = int.from_bytes(hashlib.sha256(f"{self.section.seed}:{number}".encode()).digest()[:4], "big")
        if self.section.sampler == "random":
            return RandomSampler(seed=seed)
        return TPESampler(seed=seed, n_startup_trials=self.section.startup, constant_liar=True)


def study_name(base: RunSpec, section: SearchSection, space: Mapping[str, SearchSpace]) -> str:
    """A study is one cell's, with one sampler over one space: other settings begin another study."""
    identity = {
        "base": base.identity(),
        "sampler": section.sampler,
        "startup": section.startup,
        "space": {name: repr(distribution(dimension)) for name, dimension in space.items()},
    }
    return f"{base.cell}/{base.method}/{digest(identity)}"


def begun_studies(storage: JournalStorage) -> set[str]:
    """The names of the studies that a storage has."""
    return set(optuna.get_all_study_names(storage))


def open_storage(file: Path) -> JournalStorage:
    """Optuna's journal in a file; optuna-dashboard reads it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    return JournalStorage(JournalFileBackend(str(file)))


def distribution(space: SearchSpace) -> BaseDistribution:
    """Optuna's form of a search space."""
    if space.choices is not None:
        return CategoricalDistribution(space.choices)
    assert space.low is not None
    assert space.high is not None
    if space.integer:
        return IntDistribution(int(space.low), int(space.high), log=space.log, step=int(space.step or 1))
    return FloatDistribution(space.low, space.high, log=space.log, step=space.step)
