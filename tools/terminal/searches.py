"""A suite's searches, for people and for scripts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from provbench.suites.driving import CellRuns
from provbench.suites.planning import Cell, Plan
from provbench.suites.showing import ChosenTrial, TrialRow, best_first, picks, trial_rows

from .answer import say
from .show import print_rows

Begun = Mapping[Cell, CellRuns]
"""The cells whose search has begun."""


def standing(planned: Plan, cell: Cell, begun: Begun) -> dict[str, Any]:
    """A cell's row after its search."""
    runs = begun.get(cell)
    first = picks(runs)[0] if runs else None
    return {
        "task": cell.name,
        "method": cell.method,
        **_counts(planned, runs),
        "metric": cell.selection_metric(cell.protocol),
        "best": first and first.value,
        "parameters": dict(first.chosen.params) if first and first.chosen else {},
    }


def _counts(planned: Plan, runs: CellRuns | None) -> dict[str, int]:
    if runs is None or runs.search is None:
        return {"budget": planned.file.suite.search.trials, "finished": 0, "pruned": 0, "failed": 0}
    return {"budget": runs.search.settings.budget, **runs.search.counts()}


def details(planned: Plan, cell: Cell, begun: Begun, selection: str | None, trials: int) -> dict[str, Any]:
    """A cell for scripts."""
    runs = begun.get(cell)
    return {
        "task": cell.name,
        "method": cell.method,
        **_counts(planned, runs),
        "selections": [{**asdict(pick), "gain": pick.gain} for pick in _picks(runs, selection)],
        "trials": [asdict(row) for row in _best_first(runs)[:trials]] if runs else [],
    }


def _best_first(runs: CellRuns) -> list[TrialRow]:
    return best_first(trial_rows(runs), runs.cell.higher_is_better(runs.cell.protocol))


def _picks(runs: CellRuns | None, selection: str | None) -> list[ChosenTrial]:
    return [pick for pick in picks(runs) if selection in (None, pick.protocol)] if runs else []


def print_picks(planned: Plan, cells: Sequence[Cell], begun: Begun, selection: str | None) -> None:
    """Prints the choice of each protocol, or of the one that `selection` names."""
    header = ("task", "method", "trials", "selection", "metric", "own", "chosen", "gain", "trial", "parameters")
    rows = []
    for cell in cells:
        counts = _counts(planned, begun.get(cell))
        ended = f"{counts['finished'] + counts['pruned'] + counts['failed']}/{counts['budget']}"
        picked = _picks(begun.get(cell), selection)
        rows += [(cell.name, cell.method, ended, *_cells_of(pick)) for pick in picked] or [
            (cell.name, cell.method, ended, *[""] * 7)
        ]
    print_rows(header, rows)
    say("own: with the parameters that the suite file gives, where a finished trial has them")
    found = [pick for cell in cells for pick in _picks(begun.get(cell), selection)]
    if any(pick.split == "test" and not pick.chosen for pick in found):
        say("oracle: chooses once `provbench run` has trained its own final runs")


def _cells_of(pick: ChosenTrial) -> list[str]:
    gain = "" if pick.gain is None else f"{pick.gain:+.2f}"
    chosen = pick.chosen
    metric = f"{pick.metric} ({pick.split})"
    trial, params = (str(chosen.number), text(chosen.params)) if chosen else ("", "")
    return [pick.protocol, metric, text(pick.own), text(pick.value), gain, trial, params]


def print_trials(cells: Sequence[CellRuns], count: int) -> None:
    """The best trials of each cell."""
    header = ("trial", "state", "value", "parameters", "key", "started")
    for runs in cells if count else ():
        shown = _best_first(runs)[:count]
        say(f"{runs.cell.name}: {runs.cell.method}")
        print_rows(header, map(_trial_cells, shown))


def _trial_cells(row: TrialRow) -> list[str]:
    return [str(row.number), row.state, text(row.value), text(row.params), row.key or "", row.started]


def text(value: object) -> str:
    """Returns a value as the text of a table's cell: nothing for None, parameters as `lr=0.01, …`."""
    if value is None:
        return ""
    if isinstance(value, Mapping):
        return ", ".join(
            f"{name}={part:.4g}" if isinstance(part, float) else f"{name}={part}" for name, part in value.items()
        )
    return f"{value:.2f}" if isinstance(value, float) else str(value)
