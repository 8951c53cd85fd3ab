"""Lists the trials of a cell's search and the choice of each protocol."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from optuna.trial import FrozenTrial, TrialState

from provbench.registry.base import merit

from ..driving import CellRuns, search_base
from ..planning import ORACLE

_STATES = {
    TrialState.COMPLETE: "finished",
    TrialState.PRUNED: "pruned",
    TrialState.FAIL: "failed",
    TrialState.RUNNING: "under way",
    TrialState.WAITING: "waiting",
}


@dataclass(frozen=True)
class TrialRow:
    """One trial. Numbers are in the order in which the trials were asked for."""

    number: int
    state: str
    """finished, pruned, failed, under way or waiting."""
    value: float | None
    """Value of the search's metric on val; None unless the trial finished."""
    params: Mapping[str, Any]
    key: str | None
    """Key of the trial's run; None while the trial lacks some of its parameters."""
    started: str
    ended: str
    """ISO 8601, UTC; empty where it has not."""


@dataclass(frozen=True)
class ChosenTrial:
    """The trial that a selection protocol chooses, next to the suite's own parameters."""

    protocol: str
    metric: str
    split: str
    """val; of the oracle, test."""
    chosen: TrialRow | None
    value: float | None
    own: float | None
    """The value of the parameters that the suite file itself gives; None if no finished trial has them."""
    higher_is_better: bool = True
    """Direction of the metric: True if higher is better."""

    @property
    def gain(self) -> float | None:
        """Returns how much better the choice is than the suite's own parameters, in the metric's unit."""
        if self.value is None or self.own is None:
            return None
        return merit(self.value - self.own, self.higher_is_better)


def trial_rows(runs: CellRuns) -> list[TrialRow]:
    """The trials of a cell's search, by number."""
    assert runs.search is not None
    return [_row(runs, trial) for trial in runs.search.trials()]


def best_first(rows: list[TrialRow], higher_is_better: bool) -> list[TrialRow]:
    """The finished trials by their values, the earlier of equals first; behind them the others by number."""
    return sorted(rows, key=lambda row: (row.value is None, -merit(row.value or 0.0, higher_is_better), row.number))


def picks(runs: CellRuns) -> list[ChosenTrial]:
    """Returns the choice of each protocol of a cell among the trials so far."""
    assert runs.search is not None
    finished = [row for row in trial_rows(runs) if row.state == "finished"]
    base = search_base(runs.plan, runs.cell, runs.fingerprint)
    own = {name: base.parameters[name] for name in runs.search.settings.space}
    return [_pick(runs, protocol, finished, own) for protocol in runs.cell.protocols]


def _pick(runs: CellRuns, protocol: str, finished: list[TrialRow], own: Mapping[str, Any]) -> ChosenTrial:
    def judged(row: TrialRow | None) -> float | None:
        if row is None or protocol == runs.cell.protocol:
            return row and row.value
        return runs.value(protocol, row.params)

    def trial_with(params: Mapping[str, Any] | None) -> TrialRow | None:
        return next((row for row in finished if row.params == params), None)

    chosen = trial_with(runs.chosen(protocol))
    return ChosenTrial(
        protocol,
        runs.cell.selection_metric(protocol),
        "test" if protocol == ORACLE else "val",
        chosen,
        judged(chosen),
        judged(trial_with(own)),
        runs.cell.higher_is_better(protocol),
    )


def _row(runs: CellRuns, trial: FrozenTrial) -> TrialRow:
    assert runs.search is not None
    whole = trial.params.keys() == runs.search.settings.space.keys()
    return TrialRow(
        trial.number,
        _STATES[trial.state],
        trial.value if trial.state == TrialState.COMPLETE else None,
        dict(trial.params),
        search_base(runs.plan, runs.cell, runs.fingerprint, trial.params).key if whole else None,
        _utc(trial.datetime_start),
        _utc(trial.datetime_complete),
    )


def _utc(time: datetime | None) -> str:
    """Optuna's local time without a zone, as ISO 8601 in UTC."""
    return "" if time is None else time.astimezone(UTC).isoformat(timespec="milliseconds")
