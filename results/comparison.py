"""From runs to a table: summaries over seeds, published numbers, deviations, tests against the baseline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import isfinite, nan
from statistics import fmean
from typing import Literal

from ..registry.errors import UnknownNameError, UserError
from .citations import PublishedNumber, find
from .costs import COSTS
from .notes import table_notes
from .record import RunRecord
from .selection import ValView, final_runs
from .statistics import Deviation, best_of, deviation, holm, paired_effect, paired_t_test
from .tables import SHOWN, Cell, Column, Entry, Kind, Table, TableRow


def build_table(
    rows: Sequence[TableRow],
    columns: Sequence[Column],
    *,
    variant: Literal["mini", "full"],
    published: Sequence[PublishedNumber] = (),
    baseline: str | None = None,
    title: str = "",
    label: str = "",
    show: Sequence[Kind] = SHOWN,
) -> Table:
    """Compare methods.

    published: numbers to show beside ours, in the full variant only: papers' numbers say nothing about mini data.
    baseline: the method that all others are tested against, the row of its name in their own group, or the only one.

    Raises `UserError` where the runs cannot stand in one table: of two variants, or, in one column, of two protocol
    versions, two states of the data, or (in one cell) two networks; where a seed has two finished runs; and where no
    run has a column's metric.
    """
    columns = [_with_cost(column) for column in columns]
    _check_variants(rows, variant, title)
    for place, column in enumerate(columns):
        _check_column([row.entries[place] for row in rows], column, title)
    grid = [[_cell(row.entries[place], column) for place, column in enumerate(columns)] for row in rows]
    grid = [
        [_mean_cell(cells, column) if column.mean_of else cell for cell, column in _pairs(cells, columns)]
        for cells in grid
    ]
    places = _baselines(rows, baseline)
    by_column = []
    for place, column in enumerate(columns):
        cells = [cells[place] for cells in grid]
        if variant == "full":
            cells = [_with_published(cell, row, column, published) for cell, row in zip(cells, rows, strict=True)]
        by_column.append(_with_best(_with_tests(cells, places), column, rows))
    cells = tuple(zip(*by_column, strict=True)) if by_column else tuple(() for _ in rows)
    table = Table(title, variant, tuple(columns), tuple(rows), cells, (), baseline, label, tuple(show))
    return replace(table, notes=tuple(table_notes(table, published)))


def _pairs(cells: Sequence[Cell], columns: Sequence[Column]) -> list[tuple[Cell, Column]]:
    return list(zip(cells, columns, strict=True))


def _with_cost(column: Column) -> Column:
    cost = COSTS.get(column.metric)
    return column if cost is None else replace(column, unit=cost.unit, higher_is_better=False)


def _cell(entry: Entry, column: Column) -> Cell:
    runs = {run.key: run for run in entry.runs}
    chosen = final_runs([ValView.of(run) for run in runs.values()], entry.seeds)
    found = {seed: runs[view.key] for seed, view in chosen.items() if view is not None}
    scores = {seed: _score(run, column) for seed, run in found.items() if run.status == "done"}
    values = {seed: score for seed, score in scores.items() if isfinite(score)}
    return Cell(
        values=values,
        keys={seed: run.key for seed, run in found.items()},
        missing=tuple(seed for seed in entry.seeds if seed not in found),
        failed=tuple(seed for seed in found if seed not in scores),
        void=tuple(seed for seed in scores if seed not in values),
        model=entry.model or _model(entry.runs, column.task),
    )


def _score(run: RunRecord, column: Column) -> float:
    cost = COSTS.get(column.metric)
    return run.test.get(column.metric, nan) if cost is None else cost.of(run, column.selection_metric)


def _mean_cell(cells: Sequence[Cell], column: Column) -> Cell:
    """The mean over the columns that `column` is of, for the seeds that have a value in all of them."""
    parts = [cells[place] for place in column.mean_of]
    seeds = set.intersection(*(set(part.values) for part in parts))
    expected = sorted({seed for part in parts for seed in (*part.values, *part.missing, *part.failed, *part.void)})
    values = {seed: fmean(part.values[seed] for part in parts) for seed in expected if seed in seeds}
    model = parts[0].model if len({part.model for part in parts}) == 1 else ""
    return Cell(values=values, void=tuple(seed for seed in expected if seed not in seeds), model=model)


def _with_published(cell: Cell, row: TableRow, column: Column, published: Sequence[PublishedNumber]) -> Cell:
    setting = column.setting if row.setting is None else row.setting
    quantity = {"task": column.task, "method": row.method, "model": cell.model, "metric": column.metric}
    numbers = find(published, **quantity, setting=setting)
    if not numbers:
        return cell
    if numbers[0].unit != column.unit:
        return replace(cell, published=numbers[0])
    return replace(cell, published=numbers[0], deviation=_deviation(cell, numbers[0]))


def _deviation(cell: Cell, number: PublishedNumber) -> Deviation | None:
    if cell.summary is None:
        return None
    return deviation(cell.summary, number.value, number.spread, number.n, number.spread_kind)


def _with_tests(cells: Sequence[Cell], places: Sequence[int | None]) -> list[Cell]:
    """places: each row's baseline; None for the baselines themselves, and where there is none."""
    against = [None if place is None else cells[place].values for place in places]
    raw = [paired_t_test(cell.values, base) if base else None for cell, base in zip(cells, against, strict=True)]
    p_values = holm(raw)
    return [
        replace(cell, p_value=p, effect=paired_effect(cell.values, base) if base else None)
        for cell, p, base in zip(cells, p_values, against, strict=True)
    ]


def _with_best(cells: Sequence[Cell], column: Column, rows: Sequence[TableRow]) -> list[Cell]:
    """Mark the best of each group of rows, and what cannot be told from it."""
    marked = list(cells)
    for group in dict.fromkeys(row.group for row in rows):
        places = [place for place, row in enumerate(rows) if row.group == group]
        found = best_of([cells[place].values for place in places], higher_is_better=column.higher_is_better)
        for number, place in enumerate(places):
            marked[place] = replace(cells[place], best=number in found.best, bold=number in found.bold)
    return marked


def _baselines(rows: Sequence[TableRow], baseline: str | None) -> list[int | None]:
    """Each row's baseline: the row of that name in its group, else the only one of that name."""
    if baseline is None:
        return [None] * len(rows)
    named = [place for place, row in enumerate(rows) if row.method == baseline]
    if not named:
        raise UnknownNameError("baseline", baseline, {row.method for row in rows}, "It must be a row of the table.")
    found: list[int | None] = []
    for place, row in enumerate(rows):
        own = [other for other in named if rows[other].group == row.group] or named
        if len(own) > 1:
            raise UserError(f"baseline {baseline!r} is {len(own)} rows of the table: name one that is one row only")
        found.append(None if place in named else own[0])
    return found


def _model(runs: Sequence[RunRecord], task: str) -> str:
    names = {str(run.parameters["model"]) for run in runs if "model" in run.parameters}
    if len(names) > 1:
        raise UserError(f"{runs[0].method}: mixes the networks {sorted(names)} on {task}: give each its own row")
    return next(iter(names), "")


def _check_variants(rows: Sequence[TableRow], variant: str, title: str) -> None:
    for run in (run for row in rows for entry in row.entries for run in entry.runs):
        if run.variant != variant:
            raise UserError(
                f"table {title!r} is of the {variant} variant, and run {run.key} ({run.task}, {run.method}) of the "
                f"{run.variant} one: make a table of each"
            )


def _check_column(entries: Sequence[Entry], column: Column, title: str) -> None:
    runs = [run for entry in entries for run in entry.runs]
    done = [run for run in runs if run.status == "done"]
    _check_one(done, "protocol", "protocol versions", title)
    _check_one(done, "fingerprint", "states of the data", title)
    known = {name for run in runs for name in run.test}
    if known and column.metric not in known and column.metric not in COSTS and not column.mean_of:
        raise UnknownNameError(f"test metric of {column.task}", column.metric, {*known, *COSTS})


def _check_one(runs: Sequence[RunRecord], name: str, what: str, title: str) -> None:
    """Raise `UserError` where the runs of a column differ in a field."""
    for run in runs:
        one, other = getattr(runs[0], name), getattr(run, name)
        if one != other:
            raise UserError(
                f"table {title!r}: {run.task} has runs of two {what}, {one!r} (run {runs[0].key}, {runs[0].method}) "
                f"and {other!r} (run {run.key}, {run.method}). Run the older ones again, or make a table of each."
            )
