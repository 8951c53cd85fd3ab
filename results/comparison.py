"""From runs to a table: summaries over seeds, published numbers, deviations, tests against the baseline."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from math import isfinite
from typing import Literal

from ..registry.errors import UnknownNameError, UserError
from .citations import PublishedNumber, find
from .notes import table_notes
from .record import RunRecord
from .selection import ValView, final_runs
from .statistics import holm, paired_t_test
from .tables import Cell, Column, Table, TableRow


def build_table(
    rows: Sequence[TableRow],
    columns: Sequence[Column],
    *,
    variant: Literal["mini", "full"],
    published: Sequence[PublishedNumber] = (),
    baseline: str | None = None,
    title: str = "",
) -> Table:
    """Compare methods.

    published: numbers to show beside ours, in the full variant only: papers' numbers say nothing about mini data.
    baseline: the method that all others are tested against.

    Raises `UserError` where the runs cannot stand in one table: of two variants, or, for one task, of two protocol
    versions, two states of the data, or (in one row) two networks; where a seed has two finished runs; and where no run
    has a column's metric.
    """
    _check_runs(rows, variant, title)
    places = [_baseline_row(rows, baseline)] if baseline is not None else []
    by_column: list[list[Cell]] = []
    for column in columns:
        _check_metric(rows, column)
        cells = [_cell(row, column) for row in rows]
        if variant == "full":
            cells = [_with_published(cell, row, column, published) for cell, row in zip(cells, rows, strict=True)]
        for place in places:
            cells = _with_tests(cells, place)
        by_column.append(_with_best(cells, column))
    cells = tuple(zip(*by_column, strict=True)) if by_column else tuple(() for _ in rows)
    table = Table(title, variant, tuple(columns), tuple(rows), cells, (), baseline)
    return replace(table, notes=tuple(table_notes(table, published)))


def _cell(row: TableRow, column: Column) -> Cell:
    runs = {run.key: run for run in row.runs_of(column.task)}
    chosen = final_runs([ValView.of(run) for run in runs.values()], row.seeds)
    found = {seed: runs[view.key] for seed, view in chosen.items() if view is not None}
    scores = {seed: run.test.get(column.metric, float("nan")) for seed, run in found.items() if run.status == "done"}
    values = {seed: score for seed, score in scores.items() if isfinite(score)}
    return Cell(
        values=values,
        keys={seed: run.key for seed, run in found.items()},
        missing=tuple(seed for seed in row.seeds if seed not in found),
        failed=tuple(seed for seed in found if seed not in scores),
        void=tuple(seed for seed in scores if seed not in values),
    )


def _with_published(cell: Cell, row: TableRow, column: Column, published: Iterable[PublishedNumber]) -> Cell:
    model = row.model(column.task)
    if model is None:
        return cell
    numbers = find(published, task=column.task, method=row.method, model=model, metric=column.metric)
    if not numbers:
        return cell
    number, summary = numbers[0], cell.summary
    comparable = summary is not None and number.unit == column.unit
    return replace(cell, published=number, deviation=summary.mean - number.value if summary and comparable else None)


def _with_tests(cells: Sequence[Cell], place: int) -> list[Cell]:
    raw = [None if i == place else paired_t_test(cell.values, cells[place].values) for i, cell in enumerate(cells)]
    return [replace(cell, p_value=p) for cell, p in zip(cells, holm(raw), strict=True)]


def _with_best(cells: Sequence[Cell], column: Column) -> list[Cell]:
    """Mark the best mean, and its equals as far as the table's decimals tell; none where nothing is compared."""
    means = [None if cell.summary is None else round(cell.summary.mean, column.decimals) for cell in cells]
    known = [mean for mean in means if mean is not None]
    if len(known) < 2:
        return list(cells)
    best = max(known) if column.higher_is_better else min(known)
    return [replace(cell, best=mean == best) for cell, mean in zip(cells, means, strict=True)]


def _baseline_row(rows: Sequence[TableRow], baseline: str) -> int:
    places = [place for place, row in enumerate(rows) if row.method == baseline]
    if not places:
        raise UnknownNameError("baseline", baseline, {row.method for row in rows}, "It must be a row of the table.")
    if len(places) > 1:
        raise UserError(f"baseline {baseline!r} is {len(places)} rows of the table: name one that is one row only")
    return places[0]


def _check_runs(rows: Sequence[TableRow], variant: str, title: str) -> None:
    runs = [run for row in rows for run in row.runs]
    for run in runs:
        if run.variant != variant:
            raise UserError(
                f"table {title!r} is of the {variant} variant, and run {run.key} ({run.task}, {run.method}) of the "
                f"{run.variant} one: make a table of each"
            )
    done = [run for run in runs if run.status == "done"]
    for task in sorted({run.task for run in done}):
        of_task = [run for run in done if run.task == task]
        _check_one(of_task, "protocol", "protocol versions", title)
        _check_one(of_task, "fingerprint", "states of the data", title)


def _check_one(runs: Sequence[RunRecord], name: str, what: str, title: str) -> None:
    """Raise `UserError` where the runs of a task differ in a field."""
    first = runs[0]
    for run in runs:
        one, other = getattr(first, name), getattr(run, name)
        if one != other:
            raise UserError(
                f"table {title!r}: {run.task} has runs of two {what}, {one!r} (run {first.key}, {first.method}) and "
                f"{other!r} (run {run.key}, {run.method}). Run the older ones again, or make a table of each."
            )


def _check_metric(rows: Sequence[TableRow], column: Column) -> None:
    known = {name for row in rows for run in row.runs_of(column.task) for name in run.test}
    if known and column.metric not in known:
        raise UnknownNameError(f"test metric of {column.task}", column.metric, known)
