"""The lines under a table: what its numbers are, where they come from, and what is wrong with them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from .citation_notes import publication_notes
from .costs import COSTS, machines_of
from .epoch_rules import EPOCH_RULES, own_rule
from .fields import BASIC, field
from .model import GAP, LEVEL, EpochName, Table
from .opponents import is_column
from .published_cells import PublishedCells
from .run_notes import origin_notes
from .training_notes import budget_notes, convergence_notes, detectable_notes, strength_notes

NO_PUBLISHED = "Published numbers are those of the full data sets, and are not shown."


def table_notes(table: Table, published_cells: PublishedCells) -> Iterator[str]:
    """The notes of a table. published_cells: the published numbers that its cells may have."""
    yield from _variant(table)
    yield from _legend(table)
    yield from _costs(table)
    yield from _gains(table)
    yield from _untested(table)
    yield from detectable_notes(table)
    yield from _selection(table)
    yield from _epochs(table)
    yield from _groups(table)
    yield from _seeds(table)
    yield from budget_notes(table)
    yield from convergence_notes(table)
    yield from strength_notes(table)
    yield from _gaps(table)
    yield from _networks(table)
    yield from _search(table)
    yield from publication_notes(table, published_cells)
    yield from origin_notes(table)


def _groups(table: Table) -> Iterator[str]:
    using = dict.fromkeys(place.title for place in table.places() if place.entry.uses_groups)
    if using:
        yield f"Trained with the group of each training sample, which the others do not use: {', '.join(using)}."


def _variant(table: Table) -> Iterator[str]:
    variant = table.variant
    if variant.badge:
        hidden = "" if variant.shows_published else f" {NO_PUBLISHED}"
        yield f"{variant.badge} variant{variant.banner and f': {variant.banner}'}.{hidden}"


def _legend(table: Table) -> Iterator[str]:
    if not any(row.is_ours for row in table.rows):
        yield "Published numbers only: nothing in this table is run here."
        return
    if not any(place.cell.keys for place in table.places()):
        yield f"{GAP}: not run yet."
        return
    shown = dict.fromkeys(one.kind for one in table.header()[1:])
    for name in dict.fromkeys((*BASIC, *shown)):
        if name == "p":
            yield from [_rule(table)] if _compares(table) else []
        elif (name in shown or name == "value") and (legend := field(name).legend_of(table)):
            yield legend


def _compares(table: Table) -> bool:
    """Returns whether two rows have scores in one column, or one has them beside the baseline's column."""
    if is_column(table.columns, table.baseline):
        return any(place.cell.values and place.column.method != table.baseline for place in table.places())
    scores = [column for _, column, _, cell in table.places() if cell.values and not column.over]
    return any(scores.count(column) > 1 for column in table.columns)


def _rule(table: Table) -> str:
    """The one test of the table, and what bold means by it."""
    if table.baseline is None and not table.is_ranked:
        return "Rows are different tasks: they are not compared, so nothing is bold."
    if not _tested(table):
        few = "fewer than two shared seeds" if _most_seeds(table) > 1 else "one seed"
        return f"{few.capitalize()}: not tested, so nothing is bold."
    if table.baseline is not None:
        test = f"paired t-test against {table.baseline_title} on shared seeds, two-sided, adjusted by Holm's method"
        if any(one.kind == "p" for one in table.header()):
            return f"p: {test} over the column; bold: better than {table.baseline_title} at p < {LEVEL:g}."
        return f"Bold: better than {table.baseline_title} at p < {LEVEL:g} ({test} over the column)."
    of_group = " of its group of rows" if any(row.group for row in table.rows) else ""
    return (
        f"Bold: the best mean{of_group}, and all that a paired t-test on shared seeds (Holm, α = {LEVEL:g}) cannot "
        "tell from it, where the test tells the best from any other."
    )


def _tested(table: Table) -> bool:
    """Returns whether any two scores of the table could be tested."""
    scores = [place for place in table.places() if place.cell.values and not place.column.over]
    others = [
        place
        for place in scores
        if table.baseline is None or table.baseline not in (place.row.method, place.column.method)
    ]
    return not others or any(not place.cell.untested for place in others)


def _most_seeds(table: Table) -> int:
    return max(len(place.cell.values) for place in table.places())


def _costs(table: Table) -> Iterator[str]:
    for name in dict.fromkeys(column.metric for column in table.columns if column.metric in COSTS):
        yield f"{name}: {COSTS[name].description} [{COSTS[name].unit}]; less is better."
    for column, machines in _timed_on(table).items():
        if len(machines) > 1:
            yield f"{column}: measured on unlike machines, so that its rows do not compare: {'; '.join(machines)}."
        elif machines:
            yield f"{column}: measured on {machines[0]}."


def _timed_on(table: Table) -> dict[str, list[str]]:
    """The machines behind each column of what runs cost."""
    found: dict[str, list[str]] = {}
    for number, column in enumerate(table.columns):
        if column.metric in COSTS and COSTS[column.metric].timed and not column.derived:
            found[column.title] = machines_of(run for row in table.rows for run in row.entries[number].runs)
    return found


def _gains(table: Table) -> Iterator[str]:
    over: dict[str, dict[str, None]] = defaultdict(dict)
    for place in table.places():
        row, column = place.row, place.column
        if column.over and (place.cell.values or place.cell.published):
            over[table.title_of(row.over or column.over, row.group)][place.title] = None
    if over:
        each = "; ".join(f"over {other}: {_list(of)}" for other, of in over.items())
        yield f"Gains (differences on shared seeds; neither tested nor ranked) {each}."


def _untested(table: Table) -> Iterator[str]:
    """Yields what too few shared seeds leave undecided, unless they leave everything undecided."""
    places = [place for place in table.places() if place.cell.untested and not place.column.over]
    if places and _tested(table):
        other = "" if table.baseline is None else f" against {table.baseline_title}"
        untested = _by_column([(place.title, place.column.title) for place in places])
        yield f"Not tested{other}, with fewer than two shared seeds: {untested}."


def _by_column(untested: Iterable[tuple[str, str]]) -> str:
    """`A, B (accuracy; F1), C (F1)`: rows, each with its columns."""
    by_row: dict[str, list[str]] = defaultdict(list)
    for row, column in untested:
        by_row[row].append(column)
    by_columns: dict[str, list[str]] = defaultdict(list)
    for row, columns in by_row.items():
        by_columns["; ".join(columns)].append(row)
    return _list(f"{_list(rows)} ({columns})" for columns, rows in by_columns.items())


def _selection(table: Table) -> Iterator[str]:
    tasks: dict[tuple[str, str], dict[str, None]] = defaultdict(dict)
    for place in table.places():
        if place.entry.seeds:
            tasks[place.column.selection, place.column.selection_metric][place.column.task] = None
    for (selection, metric), of in tasks.items():
        by = f", by {metric}" if metric else ""
        if selection == "oracle":
            yield f"ORACLE selection of {_list(of)}{by}: the parameters were chosen on the test data."
        else:
            yield f"Selection protocol of {_list(of)}: {selection}{by}."


def _epochs(table: Table) -> Iterator[str]:
    """Yields which epochs are scored, where a column has another rule than its runs, and what that takes."""
    rules: dict[EpochName, dict[str, None]] = defaultdict(dict)
    lacking: dict[str, None] = {}
    for place in table.places():
        rule = place.column.epoch
        if rule and not place.column.derived:
            rules[rule][place.column.title] = None
            done = [run for run in place.entry.runs if run.status == "done"]
            lacking |= dict.fromkeys(run.task for run in done if own_rule(run) != rule and not run.test_curve)
    for name, titles in rules.items():
        rule = EPOCH_RULES[name]
        yield f"{'ORACLE epochs' if rule.oracle else 'Epochs'} of {'; '.join(titles)}: {name}, {rule.description}."
    if lacking:
        yield (
            f"Runs of {_list(lacking)} have no curve on test, which rules other than their own need: set "
            "`test_curve: true` among the task's parameters, and run them again."
        )


def _seeds(table: Table) -> Iterator[str]:
    by_seeds: dict[tuple[int, ...], dict[str, None]] = defaultdict(dict)
    for place in table.places():
        if place.entry.seeds:
            by_seeds[tuple(place.entry.seeds)][place.title] = None
    for seeds, titles in by_seeds.items():
        whose = "" if len(by_seeds) == 1 else f" of {_list(titles)}"
        yield f"Seeds{whose}: {_list(seeds)}."


def _gaps(table: Table) -> Iterator[str]:
    if not any(place.cell.keys for place in table.places()):
        return
    absent: dict[str, dict[str, None]] = defaultdict(dict)
    unmeasured = dict.fromkeys(_unmeasured(table))
    lines = []
    for place in table.places():
        _, column, entry, cell = place
        if column.derived:
            continue
        if entry.seeds and len(cell.missing) == len(entry.seeds):
            absent[column.task][place.title] = None
            continue
        reasons = {run.key: run.reason for run in entry.runs}
        parts = [f"seed {seed} missing" for seed in cell.missing]
        parts += [f"seed {seed} failed{_reason(reasons[cell.keys[seed]])}" for seed in cell.failed]
        if (column.task, column.metric) not in unmeasured:
            parts += [f"seed {seed} has no finite {column.metric}" for seed in cell.void]
        lines += [f"{place.title}, {column.task}: {'; '.join(parts)}."] if parts else []
    if lines or absent or unmeasured:
        yield f"{GAP} marks a seed that gave no value."
    for task, titles in absent.items():
        yield f"Not run yet on {task}: {_list(titles)}."
    for task, metric in unmeasured:
        yield f"No run on {task} has {metric}: its test split lacks the samples that this would be measured on."
    yield from dict.fromkeys(lines)


def _unmeasured(table: Table) -> Iterator[tuple[str, str]]:
    """Task and metric of each column whose metric the task declares and no finished run has."""
    for place, column in enumerate(table.columns):
        done = [run for row in table.rows for run in row.entries[place].runs if run.status == "done"]
        if column.declared and done and not any(column.metric in run.test for run in done):
            yield column.task, column.metric


def _reason(reason: str) -> str:
    first = reason.strip().partition("\n")[0]
    return f" ({first})" if first else ""


def _networks(table: Table) -> Iterator[str]:
    """Groups of rows may be what tells networks apart; without them a note does."""
    if any(row.group for row in table.rows):
        return
    by_task: dict[str, dict[str, str]] = defaultdict(dict)
    for place in table.places():
        if place.cell.model and not place.column.mean_of:
            by_task[place.column.task][place.title] = place.cell.model
    for task, models in by_task.items():
        if len(set(models.values())) > 1:
            yield f"{task} compares different networks: {_list(f'{name} with {of}' for name, of in models.items())}."


def _search(table: Table) -> Iterator[str]:
    by_task: dict[str, dict[str, str]] = defaultdict(dict)
    totals: dict[str, set[int]] = defaultdict(set)
    for place in table.places():
        if not place.entry.seeds:
            continue
        count, task = place.entry.search, place.column.task
        totals[task].add(count.total if count else 0)
        by_task[task][place.title] = (
            f"{count.total} ({count.done} done, {count.pruned} pruned, {count.failed} failed)" if count else "none"
        )
    for task, each in by_task.items():
        if any(totals[task]):
            unequal = "" if len(totals[task]) == 1 else " UNEQUAL BUDGETS."
            yield f"Search trials of {task}: {_list(f'{title} {text}' for title, text in each.items())}.{unequal}"


def _list(items: Iterable[object]) -> str:
    return ", ".join(str(item) for item in items)
