"""Detects whether the runs behind a table were still improving when they ended."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite, nan
from statistics import fmean

from ..statistics import Contender, could_change, endings
from ..store import RunRecord
from .costs import COSTS
from .model import CellAddress, Column, RowRuns, Table, TableCell
from .opponents import contests

LOSS = "loss_classification"
"""The training loss without penalties, in a curve at every epoch."""

RELEVANT = 0.5
"""Points that a fifth of a run must gain in a metric in % for the run to count as still improving."""

AS_LONG_AGAIN = 5
"""Fifths of a run in a training of twice the length."""


@dataclass(frozen=True)
class RunEnding:
    """The end of a run by a metric on val. state, gain: as in `statistics.ending`. loss_falling: in training."""

    row: str
    task: str
    state: str
    gain: float
    loss_falling: bool


def run_endings(table: Table) -> list[RunEnding]:
    """Returns one for each finished run whose key a cell of the table has, by the selection metric of its column."""
    found: dict[tuple[str, str], RunEnding] = {}
    for place in table.places():
        column = place.column
        for run in runs_of(place.entry, place.cell):
            if column.selection_metric and (column.selection, run.key) not in found:
                state, gain = selection_endings(place.entry, column)[run.key]
                falling = _endings(place.entry, LOSS, False)[run.key][0] == "improving"
                found[column.selection, run.key] = RunEnding(place.title, column.task, state, gain, falling)
    return list(found.values())


def runs_of(entry: RowRuns, cell: TableCell) -> list[RunRecord]:
    """Returns the finished runs behind a cell."""
    shown = set(cell.keys.values())
    return [run for run in entry.runs if run.key in shown and run.status == "done"]


def selection_endings(entry: RowRuns, column: Column) -> Mapping[str, tuple[str, float]]:
    """Returns the state and the gain of each run by the selection metric of a column, by the run's key."""
    metric = column.selection_metric
    if not metric:
        return {run.key: ("", 0.0) for run in entry.runs}
    return _endings(entry, metric, column.selection_higher_is_better, column.selection_unit)


def _endings(entry: RowRuns, metric: str, higher_is_better: bool, unit: str = "") -> Mapping[str, tuple[str, float]]:
    key = (metric, higher_is_better, unit)
    if key not in entry.memo:
        found = curve_endings(entry.runs, metric, higher_is_better, unit)
        entry.memo[key] = {run.key: one for run, one in zip(entry.runs, found, strict=True)}
    return entry.memo[key]


def curve_endings(
    runs: Sequence[RunRecord], metric: str, higher_is_better: bool, unit: str = ""
) -> list[tuple[str, float]]:
    """Returns the state and the gain that `statistics.ending` finds in a metric of each run's curve."""
    alike: dict[tuple[float, ...], list[tuple[int, list[float]]]] = defaultdict(list)
    for number, run in enumerate(runs):
        places, values = run.series(metric)
        if not (isfinite(sum(places)) and isfinite(sum(values))):
            finite = [pair for pair in zip(places, values, strict=True) if all(map(isfinite, pair))]
            places, values = [place for place, _ in finite], [value for _, value in finite]
        alike[tuple(places)].append((number, values))
    found = [("", 0.0)] * len(runs)
    relevant = RELEVANT if unit == "%" else None
    for places, members in alike.items():
        curves = [values for _, values in members]
        ends = endings(places, curves, higher_is_better=higher_is_better, relevant=relevant)
        for (number, _), one in zip(members, ends, strict=True):
            found[number] = one.state, one.gain
    return found


@dataclass(frozen=True)
class Doubt:
    """A place of a table that more training could change. lower, higher: titles of rows; "" where one cannot tell.

    potential: what the lower row might gain by training as long again; gap: what it lacks; in the column's unit.
    """

    column: str
    lower: str
    higher: str = ""
    gap: float = nan
    potential: float = nan
    why: str = ""


def doubts(table: Table) -> Iterator[Doubt]:
    """Yields the pairs of rows whose order could change with more training, column by column, and those that cannot be
    decided.

    The rule: a row whose runs were still improving could gain, by training as long again, five times what the last
    fifth gained, as learning curves flatten; where that reaches a row above it, their order could change. The gain is
    that of the column's own metric on val, or of the selection metric where val does not have it.
    """
    for places in contests(table):
        column = places[0].column
        if column.metric in COSTS:
            continue
        several = any(place.column is not column for place in places)
        title = f"{column.metric} [{column.unit}]" if several else column.title
        contenders = []
        for place in places:
            yield from _gaps(place)
            if place.cell.summary is not None:
                known = _doubted(place)
                states = [known[run.key] for run in runs_of(place.entry, place.cell)]
                if "unknown" in {state for state, _ in states}:
                    yield Doubt(place.column.title, place.title, why="too few validations to tell")
                gains = [gain if state == "improving" else 0.0 for state, gain in states]
                potential = AS_LONG_AGAIN * fmean(gains) if gains else 0.0
                contenders.append(Contender(place.title, place.cell.summary.mean, potential))
        for low, high in could_change(contenders, higher_is_better=column.higher_is_better):
            gap = abs(high.mean - low.mean)
            yield Doubt(title, low.name, high.name, gap, low.potential, "still improving")


def _gaps(place: CellAddress) -> Iterator[Doubt]:
    if place.cell.missing or place.cell.failed:
        count = len(place.cell.missing) + len(place.cell.failed)
        yield Doubt(place.column.title, place.title, why=f"{count} of {len(place.entry.seeds)} runs not finished")


def _doubted(place: CellAddress) -> Mapping[str, tuple[str, float]]:
    """Returns the endings of the runs by the column's own metric where val has it, else by the selection metric."""
    column, by_selection = place.column, selection_endings(place.entry, place.column)
    own = _endings(place.entry, column.metric, column.higher_is_better, column.unit)
    has = {run.key: any(column.metric in entry for entry in run.curve) for run in place.entry.runs}
    return {key: own[key] if has[key] else ending for key, ending in by_selection.items()}
