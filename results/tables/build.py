"""Builds a table from runs: summaries over seeds, published numbers, deviations, tests against the baseline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import isclose, isfinite, nan
from statistics import fmean

from provbench.registry.base import UnknownNameError, UserError, Variant, best_key, named_variant

from ..statistics import best_of, deviation, holm, paired_effect, paired_t_test
from ..store import RunRecord, ValView, final_runs
from .citations import PublishedNumber
from .compatibility import check_column, check_sections, check_variants, network
from .costs import COSTS, UNLIKE, machines_of
from .endings import selection_endings
from .epoch_rules import score_on_test
from .fields import BASIC, Context, Samples, field, no_samples
from .model import SHOWN, Column, RowRuns, Table, TableCell, TableRow
from .notes import table_notes
from .opponents import Address, has_methods, opponent
from .published_cells import PublishedCells


def build_table(
    rows: Sequence[TableRow],
    columns: Sequence[Column],
    *,
    variant: Variant | str,
    published: Sequence[PublishedNumber] = (),
    baseline: str | None = None,
    title: str = "",
    label: str = "",
    show: Sequence[str] = SHOWN,
    samples: Samples = no_samples,
    rows_by: str = "",
) -> Table:
    """Compare methods.

    variant: of the data, or its name, where nothing else is known. published: numbers to show next to ours, where the
    variant has them: papers' numbers say nothing about generated data.
    baseline: the method that all others are tested against: the row of its name in their own group, or the only one;
    or, where the columns have methods, its column of the same metric, in the same row.
    rows_by: what the rows are values of, where they are not methods.
    show: names of registered statistics. samples: predictions by run key and split, for the statistics
    that need them.

    Raises `UserError` where the runs cannot stand in one table: of two variants, or, in one column, of two protocol
    versions, two states of the data, or (in one cell) two networks; where a seed has two finished runs; where no run
    has a column's metric; where it is not clear which row is another's baseline; and where a statistic is unknown, or
    this table cannot show it.
    """
    columns = [_with_cost(column, [row.entries[place] for row in rows]) for place, column in enumerate(columns)]
    variant = named_variant(variant) if isinstance(variant, str) else variant
    check_variants(rows, variant.name, title)
    _check_baseline(baseline, rows, columns)
    for name in show:
        if complaint := field(name).complaint(columns, baseline):
            raise UserError(f"{title or 'table'}: show: {name}: {complaint}")
    for place, column in enumerate(columns):
        check_column([row.entries[place] for row in rows], column, title)
    published_cells = PublishedCells(published if variant.shows_published else ())
    if has_methods(columns):
        check_sections(rows, title)
    values = _values(rows, columns)
    empty = tuple(() for _ in rows)
    table = Table(title, variant, tuple(columns), tuple(rows), empty, (), baseline, label, tuple(show), rows_by)
    by_column = [_finished(table, values, place, published_cells) for place in range(len(columns))]
    table = replace(table, cells=tuple(zip(*by_column, strict=True)) if by_column else empty)
    table = replace(table, cells=_with_statistics(table, samples))
    return replace(table, notes=tuple(table_notes(table, published_cells)))


def _check_baseline(baseline: str | None, rows: Sequence[TableRow], columns: Sequence[Column]) -> None:
    known = {row.method for row in rows} | {column.method for column in columns if column.method}
    if baseline is not None and baseline not in known:
        kinds = "a row of the table, or the method of a column" if has_methods(columns) else "a row of the table"
        raise UnknownNameError("baseline", baseline, known, f"It must be {kinds}.")


def _with_cost(column: Column, entries: Sequence[RowRuns]) -> Column:
    """A column of what runs cost in its unit, and marked where they were measured on unlike machines."""
    cost = COSTS.get(column.metric)
    if cost is None:
        return column
    column = replace(column, unit=cost.unit, higher_is_better=False)
    unlike = cost.timed and len(machines_of(run for entry in entries for run in entry.runs)) > 1
    return replace(column, label=f"{column.title} {UNLIKE}") if unlike else column


def _values(rows: Sequence[TableRow], columns: Sequence[Column]) -> list[list[TableCell]]:
    """The cells of each column with their values: first the scores, then the gains, which means may be of."""
    cells = [[_cell(row.entries[place], column) for row in rows] for place, column in enumerate(columns)]
    for place, column in enumerate(columns):
        if column.over and not column.mean_of:
            cells[place] = _gains(cells, place, rows, columns)
    for place, column in enumerate(columns):
        if column.mean_of:
            parts = zip(*(cells[part] for part in column.mean_of), strict=True)
            cells[place] = [_mean(cell, of) for cell, of in zip(cells[place], parts, strict=True)]
    return cells


def _cell(entry: RowRuns, column: Column) -> TableCell:
    found = _found(entry)
    scores = {seed: _score(run, column) for seed, run in found.items() if run.status == "done"}
    values = {seed: score for seed, score in scores.items() if isfinite(score)}
    return TableCell(
        values=values,
        keys={seed: run.key for seed, run in found.items()},
        missing=tuple(seed for seed in entry.seeds if seed not in found),
        failed=tuple(seed for seed in found if seed not in scores),
        void=tuple(seed for seed in scores if seed not in values),
        model=entry.model or network(entry.runs, column.task),
        improving=_improving(entry, [found[seed] for seed in values], column),
    )


def _found(entry: RowRuns) -> dict[int, RunRecord]:
    """Returns the run that counts of each seed that has one."""
    if "found" not in entry.memo:
        runs = {run.key: run for run in entry.runs}
        chosen = final_runs([ValView.of(run) for run in runs.values()], entry.seeds)
        entry.memo["found"] = {seed: runs[view.key] for seed, view in chosen.items() if view is not None}
    return entry.memo["found"]


def _improving(entry: RowRuns, runs: Sequence[RunRecord], column: Column) -> int:
    """Returns how many runs were still improving when they ended; of what runs cost that says nothing."""
    if column.metric in COSTS:
        return 0
    endings = selection_endings(entry, column)
    return sum(endings[run.key][0] == "improving" for run in runs)


def _score(run: RunRecord, column: Column) -> float:
    cost = COSTS.get(column.metric)
    return (
        score_on_test(run, column)
        if cost is None
        else cost.of(run, column.selection_metric, column.selection_higher_is_better)
    )


def _gains(
    cells: Sequence[Sequence[TableCell]], number: int, rows: Sequence[TableRow], columns: Sequence[Column]
) -> list[TableCell]:
    """Each cell of a column less what its gain is over, for the seeds that both have."""
    over = [row.over or columns[number].over for row in rows]
    places = [opponent(rows, columns, (i, number), name) for i, name in enumerate(over)]
    return [_gain(cell, _at(cells, place)) for cell, place in zip(cells[number], places, strict=True)]


def _at(cells: Sequence[Sequence[TableCell]], place: Address | None) -> TableCell | None:
    """cells: column by column."""
    return None if place is None else cells[place[1]][place[0]]


def _gain(cell: TableCell, other: TableCell | None) -> TableCell:
    if other is None:
        return TableCell(model=cell.model)
    gains = {seed: value - other.values[seed] for seed, value in cell.values.items() if seed in other.values}
    alone = tuple(seed for seed in cell.values if seed not in gains)
    return replace(cell, values=gains, void=(*cell.void, *alone))


def _mean(cell: TableCell, parts: Sequence[TableCell]) -> TableCell:
    """The mean of the parts, for the seeds that have a value in all of them."""
    expected = sorted({seed for part in parts for seed in (*part.values, *part.missing, *part.failed, *part.void)})
    able = [seed for seed in expected if all(seed in part.values for part in parts)]
    models = {part.model for part in parts}
    return TableCell(
        values={seed: fmean(part.values[seed] for part in parts) for seed in able},
        void=tuple(seed for seed in expected if seed not in able),
        model=cell.model or (models.pop() if len(models) == 1 else ""),
    )


def _finished(
    table: Table, values: Sequence[Sequence[TableCell]], number: int, published_cells: PublishedCells
) -> list[TableCell]:
    """Returns a column's cells with the statistics of their values. Gains are neither tested nor ranked: scores are.

    values: the cells with their values, column by column.
    """
    column, rows, baseline, cells = table.columns[number], table.rows, table.baseline, values[number]
    cells = [_with_published(cell, row, column, published_cells) for cell, row in zip(cells, rows, strict=True)]
    if column.over:
        return cells
    if baseline is None:
        return _with_best(cells, column, rows) if table.is_ranked else cells
    bases = [_at(values, opponent(rows, table.columns, (i, number), baseline)) for i in range(len(rows))]
    tested = [
        replace(cell, untested=_lacks_test(cell) and baseline not in (row.method, column.method))
        for cell, row in zip(_with_tests(cells, bases), rows, strict=True)
    ]
    return _with_better(tested, column, rows)


def _with_published(cell: TableCell, row: TableRow, column: Column, published_cells: PublishedCells) -> TableCell:
    number = next(iter(published_cells.of(row, column, cell.model)), None)
    if number is None or number.unit != column.unit or cell.summary is None:
        return replace(cell, published=number)
    ours_less_theirs = deviation(cell.summary, number.value, number.spread, number.n, number.spread_kind)
    return replace(cell, published=number, deviation=ours_less_theirs)


def _with_tests(cells: Sequence[TableCell], bases: Sequence[TableCell | None]) -> list[TableCell]:
    """bases: each row's baseline; None for the baselines themselves, and where there is none."""
    against = [{} if base is None else base.values for base in bases]
    p_values = holm([paired_t_test(cell.values, base) for cell, base in zip(cells, against, strict=True)])
    return [
        replace(cell, p_value=p, effect=paired_effect(cell.values, base))
        for cell, p, base in zip(cells, p_values, against, strict=True)
    ]


def _lacks_test(cell: TableCell) -> bool:
    return bool(cell.values) and cell.p_value is None


def _with_statistics(table: Table, samples: Samples) -> tuple[tuple[TableCell, ...], ...]:
    """The cells with the basic statistics and those that the table shows."""
    names = [field(name) for name in dict.fromkeys((*BASIC, *table.show))]
    by_column = []
    for place in range(len(table.columns)):
        contexts = [_context(table, number, place, samples) for number in range(len(table.rows))]
        computed = [statistic.of_column(contexts) for statistic in names]
        by_column.append(
            [
                replace(context.cell, statistics={one.name: value for one, value in zip(names, values, strict=True)})
                for context, *values in zip(contexts, *computed, strict=True)
            ]
        )
    return tuple(zip(*by_column, strict=True)) if by_column else table.cells


def _context(table: Table, row: int, column: int, samples: Samples) -> Context:
    tested = table.baseline is not None and not table.columns[column].over
    base = opponent(table.rows, table.columns, (row, column), str(table.baseline)) if tested else None
    return Context(table, row, column, None if base is None else table.cells[base[0]][base[1]], samples)


def _with_better(cells: Sequence[TableCell], column: Column, rows: Sequence[TableRow]) -> list[TableCell]:
    """Marks what the test tells to be better than the baseline, and the best of it in each group of rows."""
    marked = list(cells)
    for places in _groups(rows):
        better = [place for place in places if cells[place].differs(column)]
        means = {place: fmean(cells[place].values.values()) for place in better}
        best = best_key(means, column.higher_is_better)
        top = nan if best is None else means[best]
        for place, mean in means.items():
            marked[place] = replace(cells[place], bold=True, best=isclose(mean, top, rel_tol=1e-12))
    return marked


def _with_best(cells: Sequence[TableCell], column: Column, rows: Sequence[TableRow]) -> list[TableCell]:
    """Marks the best of each group of rows and what does not differ significantly from it, if the test separates the
    best from any other.
    """
    marked = list(cells)
    for places in _groups(rows):
        found = best_of([cells[place].values for place in places], higher_is_better=column.higher_is_better)
        ours = frozenset(number for number, place in enumerate(places) if cells[place].values)
        told = ours - found.bold - found.untested
        alone = {number for number in found.best if not _shares_seeds(cells, places[number], places)}
        for number, place in enumerate(places):
            marked[place] = replace(
                cells[place],
                best=bool(told) and number in found.best,
                bold=bool(told) and number in found.bold,
                untested=number in found.untested | alone,
            )
    return marked


def _shares_seeds(cells: Sequence[TableCell], place: int, places: Sequence[int]) -> bool:
    """Returns whether a cell can be tested against any other of these places."""
    seeds = cells[place].values.keys()
    return any(len(seeds & cells[other].values.keys()) > 1 for other in places if other != place)


def _groups(rows: Sequence[TableRow]) -> list[list[int]]:
    """Returns the places of the rows under each heading."""
    groups = dict.fromkeys(row.group for row in rows)
    return [[place for place, row in enumerate(rows) if row.group == group] for group in groups]
