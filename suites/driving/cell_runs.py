"""The runs of one cell in their order: the trials of its search, the oracle's probes, then the final seeds."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from provbench.registry import PRUNERS, SAMPLERS
from provbench.registry.base import best_key
from provbench.results.store import Choice, RunRecord, ValView, best_trial, oracle_trial

from ..planning import ORACLE, Cell, Plan, RunSpec
from .folds import Folds

if TYPE_CHECKING:
    from optuna.storages import BaseStorage

    from ..search import CellSearch, Settings

Lookup = Callable[[str], RunRecord | None]
"""The record of a key, if there is one."""


class CellRuns:
    """Says which run comes next, and takes in how runs ended.

    A cell whose search lost a trial for good stays unfinished: the next start takes the trial up again.
    """

    def __init__(
        self, plan: Plan, cell: Cell, fingerprint: str, storage: BaseStorage | None, lookup: Lookup, finals: bool = True
    ) -> None:
        self.plan, self.cell, self.fingerprint, self.lookup, self.finals = plan, cell, fingerprint, lookup, finals
        self.search = self._open_search(storage)
        self._trials: defaultdict[str, list[int]] = defaultdict(list)
        """Key to the numbers of the trials under way; a sampler may draw the same parameters twice."""
        self._folds: dict[int, Folds] = {}
        """The trials under way by number."""
        self._later: deque[RunSpec] = deque()
        """Further folds of trials under way."""
        self._queue: deque[RunSpec] = deque()
        self._probing: set[str] | None = None
        """Keys of the probes that have not ended; None before they begin."""
        self._final = False
        """True if the final runs are in the queue."""
        self.incomplete = False
        """True if a trial was lost."""
        self.earlier: Mapping[str, int] = self.search.counts() if self.search else {}
        """Trials that had ended when this was made, by how they did: `finished`, `pruned`, `failed`."""
        self._needed: int | None = None
        self._specs: dict[str, Sequence[RunSpec]] = {}
        """Final runs by protocol and parameters."""

    def _open_search(self, storage: BaseStorage | None) -> CellSearch | None:
        if storage is None or not self.plan.spaces(self.cell):
            return None
        from ..search import CellSearch

        base = search_base(self.plan, self.cell, self.fingerprint)
        return CellSearch(storage, base, search_settings(self.plan, self.cell, base))

    @property
    def needed(self) -> int:
        """Returns how many runs the cell needs in all, finished ones included; an upper bound while it searches."""
        if self._needed is None:
            self._needed = self._count_needed()
        return self._needed

    def _count_needed(self) -> int:
        if self.search is None:
            return len(self.final_runs()) if self.finals else 0
        seed = self.plan.file.suite.search.seed
        folds = len(self.cell.trial(seed, self.fingerprint))
        budget = self.search.settings.budget * folds
        if not self.finals:
            return budget
        protocols, choices = self.cell.protocols, self.choices() or ()
        known = len(choices) == len(protocols)
        finals = len(self.final_runs()) if known else len(self.plan.file.suite.seeds) * len(protocols)
        open_trials = max(0, self.search.settings.budget - sum(self.search.counts().values()))
        each = sum(len(self._compared_by(protocol, {})) for protocol in protocols if self.cell.probes(protocol))
        return budget + len(self.probes()) + open_trials * each + finals

    def failed_trials(self) -> list[tuple[RunSpec, str]]:
        """The runs of the trials that have failed, each once, and why."""
        trials = self.search.failed() if self.search else []
        specs = _each_once(search_base(self.plan, self.cell, self.fingerprint, trial.params) for trial in trials)
        records = ((spec, self.lookup(spec.key)) for spec in specs)
        return [
            (spec, (record and record.reason) or "its validation metric is not a number") for spec, record in records
        ]

    @property
    def is_without_result(self) -> bool:
        """Returns whether the search has ended without a finished trial."""
        search = self.search
        return search is not None and search.exhausted and not self.incomplete and not search.finished()

    def next(self) -> RunSpec | None:
        """A run that can start now, or None: wait for those under way, or the cell needs no more."""
        if self._later:
            return self._later.popleft()
        if self.search is not None and not self.search.exhausted:
            number, chosen = self.search.ask()
            runs = self.cell.trial(self.plan.file.suite.search.seed, self.fingerprint, chosen)
            self._folds[number] = Folds(runs)
            self._trials[runs[0].key].append(number)
            return runs[0]
        if self._trials or self.incomplete or not self.finals:
            return None
        if self._probing is None:
            probes = self.probes()
            self._probing = {spec.key for spec in probes}
            self._queue.extend(probes)
            self._needed = None
        if not self._queue and not self._probing and not self._final:
            self._final = True
            self._queue.extend(self.final_runs())
            self._needed = None
        return self._queue.popleft() if self._queue else None

    def reported(self, spec: RunSpec, epoch: int, value: float | None) -> bool:
        """A run was validated; whether to stop it. A trial that was drawn twice stops where both would."""
        numbers = [number for number in self._trials.get(spec.key, []) if self._folds[number].reports]
        answers = [self.search.report(number, epoch, value) for number in numbers] if self.search else []
        return bool(answers) and all(answers)

    def settles(self, spec: RunSpec, record: RunRecord) -> bool:
        """Returns whether an existing record is this run's. A pruned one is, if this search prunes it, too."""
        curve = [(int(entry["epoch"]), entry.get(spec.selection_metric)) for entry in record.validations]
        if record.status == "pruned":
            return any(self.reported(spec, epoch, value) for epoch, value in curve)
        for epoch, value in curve:  # for the trials that will be compared with this one
            self.reported(spec, epoch, value)
        return True

    def ended(self, spec: RunSpec, run: ValView) -> None:
        for number in self._trials.pop(spec.key, []):
            self._fold_ended(number, spec, run)
        if self._probing:
            self._probing.discard(spec.key)

    def _fold_ended(self, number: int, spec: RunSpec, run: ValView) -> None:
        """A run of a trial has ended: its next fold follows, or the study is told."""
        assert self.search is not None
        folds = self._folds[number]
        told = folds.take(run, spec.selection_metric)
        if told is not None:
            del self._folds[number]
            self.search.tell(number, told, spec.selection_metric)
            return
        following = folds.rest.popleft()
        if not self._trials[following.key]:
            self._later.append(following)
        self._trials[following.key].append(number)

    def lost(self, spec: RunSpec) -> None:
        if self._trials.pop(spec.key, None):
            self.incomplete = True
        if self._probing:
            self._probing.discard(spec.key)

    def choices(self) -> list[Choice[RunSpec]] | None:
        """Returns the choice of each protocol, with its final runs; None while the search is not finished.

        Without a search there is only the epoch to choose: of protocols that do so by one metric, the first is here.
        """
        if self.search is None:
            distinct: dict[str, Choice[RunSpec]] = {}
            for choice in (self._choice(protocol, {}) for protocol in self.cell.protocols):
                distinct.setdefault(choice.specs[0].key, choice)
            return list(distinct.values())
        if sum(self.search.counts().values()) < self.search.settings.budget:
            return None
        chosen = {protocol: self.chosen(protocol) for protocol in self.cell.protocols}
        return [self._choice(protocol, values) for protocol, values in chosen.items() if values is not None]

    def chosen(self, protocol: str) -> dict[str, Any] | None:
        """The parameters that a protocol chooses among the trials so far; None where it cannot say yet."""
        assert self.search is not None
        if protocol == self.cell.protocol:
            return self.search.best()
        if not self.cell.rules(protocol).searches:
            return {}
        if self.cell.rules(protocol).folds:
            return self._best_over_folds(protocol)
        trials = {self._compared_by(protocol, trial.params)[0].key: trial.params for trial in self.search.finished()}
        records = [record for key in trials if (record := self.lookup(key)) is not None]
        metric, higher = self.cell.selection_metric(protocol), self.cell.higher_is_better(protocol)
        if self.cell.probes(protocol) and len(records) < len(trials):
            return None
        if protocol != ORACLE:
            best = best_trial(map(ValView.of, records), metric, higher_is_better=higher)
        else:
            best = oracle_trial(records, metric, higher_is_better=higher)
        return dict(trials[best.key]) if best is not None else None

    def _best_over_folds(self, protocol: str) -> dict[str, Any] | None:
        """The parameters of the trial with the best mean over a protocol's folds; None while any fold is not known."""
        assert self.search is not None
        params = [trial.params for trial in self.search.finished()]
        probes = [spec for of in params for spec in self._compared_by(protocol, of)]
        if any(self.lookup(spec.key) is None for spec in probes):
            return None
        values = {place: value for place, of in enumerate(params) if (value := self.value(protocol, of)) is not None}
        best = best_key(values, self.cell.higher_is_better(protocol))
        return None if best is None else dict(params[best])

    def trial_specs(self) -> list[RunSpec]:
        """The runs of the trials that have ended, each once."""
        assert self.search is not None
        seed = self.plan.file.suite.search.seed
        return _each_once(
            spec
            for trial in self.search.trials()
            if trial.state.is_finished()
            for spec in self.cell.trial(seed, self.fingerprint, trial.params)
        )

    def value(self, protocol: str, params: Mapping[str, Any]) -> float | None:
        """Returns the value by which a protocol judges a finished trial: a val metric, for the oracle a test metric;
        None if not known.
        """
        records = [self.lookup(spec.key) for spec in self._compared_by(protocol, params)]
        done = [record for record in records if record is not None and record.status == "done"]
        scores = [record.test if protocol == ORACLE else record.val for record in done]
        found = [value for of in scores if (value := of.get(self.cell.selection_metric(protocol))) is not None]
        return sum(found) / len(found) if found and len(found) == len(records) else None

    def final_runs(self) -> list[RunSpec]:
        """Those of every protocol, each once."""
        return _each_once(spec for choice in self.choices() or () for spec in choice.specs)

    def _choice(self, protocol: str, chosen: Mapping[str, Any]) -> Choice[RunSpec]:
        made = f"{protocol} {sorted(chosen.items())}"
        if made not in self._specs:  # to make keys takes time
            self._specs[made] = self.plan.final_specs(self.cell, self.fingerprint, chosen, protocol)
        specs = self._specs[made]
        return Choice(protocol, self.cell.selection_metric(protocol), chosen, specs=specs)

    def probes(self) -> list[RunSpec]:
        """The runs of the finished trials' parameters that protocols look at beside the trials' own; each once."""
        if self.search is None:
            return []
        probing = [protocol for protocol in self.cell.protocols if self.cell.probes(protocol)]
        trials = self.search.finished() if probing else []
        return _each_once(
            spec for trial in trials for protocol in probing for spec in self._compared_by(protocol, trial.params)
        )

    def _compared_by(self, protocol: str, chosen: Mapping[str, Any]) -> list[RunSpec]:
        """The runs of a trial that a protocol looks at: the oracle's is trained once more, and tested."""
        seed, rules = self.plan.file.suite.search.seed, self.cell.task.info.rules
        ruled = protocol if {protocol, self.cell.protocol} & rules.keys() else None
        if protocol == ORACLE:
            return [self.cell.spec(seed, "final", self.fingerprint, chosen, ruled)]
        return self.cell.trial(seed, self.fingerprint, chosen, ruled)


def _each_once(specs: Iterable[RunSpec]) -> list[RunSpec]:
    return list({spec.key: spec for spec in specs}.values())


def search_base(plan: Plan, cell: Cell, fingerprint: str, chosen: Mapping[str, Any] | None = None) -> RunSpec:
    """The run that a cell's search varies; with the parameters that it chose, a trial's."""
    return cell.trial(plan.file.suite.search.seed, fingerprint, chosen)[0]


def search_settings(plan: Plan, cell: Cell, base: RunSpec) -> Settings:
    """Returns the settings of a cell's search."""
    from ..search import Settings, distribution

    section = plan.file.suite.search
    space = {name: distribution(axis) for name, axis in plan.spaces(cell).items()}
    own = {name: base.parameters[name] for name in space}
    return Settings(
        trials=section.trials,
        seed=section.seed,
        startup=section.startup,
        sampler=SAMPLERS.build(section.sampler.name, **section.sampler.values),
        pruner=PRUNERS.build(section.pruner.name, **section.pruner.values),
        space=space,
        higher_is_better=base.higher_is_better,
        goal=_goal(cell, base),
        warm_starts=[own if values == "suite" else dict(values) for values in section.warm_starts],
    )


def _goal(cell: Cell, base: RunSpec) -> str:
    """The metric of a search, where neither the task's default nor the identity of its runs says it."""
    default = cell.selection_metric(next(iter(cell.task.info.selection)))
    known = base.selection_metric == default or "selection_metric" in base.identity()
    return "" if known else base.selection_metric
