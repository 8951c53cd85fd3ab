"""The lines under a table: what its numbers are, where they come from, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .citations import PublishedNumber
from .tables import GAP, Table


def table_notes(table: Table, published: Iterable[PublishedNumber] = ()) -> Iterator[str]:
    """The notes of a table. published: for the gains that papers state."""
    yield from _variant(table)
    yield from _legend(table)
    yield from _selection(table)
    yield from _seeds(table)
    yield from _gaps(table)
    yield from _networks(table)
    yield from _search(table)
    yield from _sources(table, published)
    yield from _origin(table)


def _variant(table: Table) -> Iterator[str]:
    if table.variant == "mini":
        yield "MINI variant: generated data. Published numbers are those of the full data sets, and are not shown."


def _legend(table: Table) -> Iterator[str]:
    cells = [cell for row in table.cells for cell in row]
    yield "Mean ± sample standard deviation (ddof=1) over seeds, and their number; the best mean is bold."
    if any(cell.deviation is not None for cell in cells):
        yield "Δ: our mean less the published value, in points where the unit is %."
    if any(cell.p_value is not None for cell in cells):
        yield (
            f"p: paired t-test against {table.baseline} on shared seeds, two-sided, adjusted by Holm's method over the "
            "column."
        )


def _selection(table: Table) -> Iterator[str]:
    tasks: dict[str, list[str]] = {}
    for column in table.columns:
        known = tasks.setdefault(column.selection, [])
        if column.task not in known:
            known.append(column.task)
    for selection, of in tasks.items():
        if selection == "oracle":
            yield f"ORACLE selection of {_list(of)}: the parameters were chosen on the test data."
        else:
            yield f"Selection protocol of {_list(of)}: {selection}."


def _seeds(table: Table) -> Iterator[str]:
    by_seeds: dict[tuple[int, ...], list[str]] = {}
    for row in table.rows:
        by_seeds.setdefault(tuple(row.seeds), []).append(row.title)
    for seeds, titles in by_seeds.items():
        whose = "" if len(by_seeds) == 1 else f" of {_list(titles)}"
        yield f"Seeds{whose}: {_list(seeds)}."


def _gaps(table: Table) -> Iterator[str]:
    lines = []
    for row, cells in zip(table.rows, table.cells, strict=True):
        reasons = {run.key: run.reason for run in row.runs}
        for column, cell in zip(table.columns, cells, strict=True):
            parts = [f"seed {seed} missing" for seed in cell.missing]
            parts += [f"seed {seed} failed{_reason(reasons[cell.keys[seed]])}" for seed in cell.failed]
            parts += [f"seed {seed} has no finite {column.metric}" for seed in cell.void]
            line = f"{row.title}, {column.task}: {'; '.join(parts)}."
            if parts and line not in lines:
                lines.append(line)
    if lines:
        yield f"{GAP} marks a seed that gave no value."
        yield from lines


def _networks(table: Table) -> Iterator[str]:
    for task in _tasks(table):
        models = {row.title: row.model(task) for row in table.rows}
        if len({model for model in models.values() if model}) > 1:
            named = _list(f"{title} with {model}" for title, model in models.items() if model)
            yield f"{task} compares different networks: {named}."


def _search(table: Table) -> Iterator[str]:
    for task in _tasks(table):
        counts = {row.title: row.search[task] for row in table.rows if task in row.search}
        if not counts:
            continue
        each = _list(
            f"{title} {count.total} ({count.done} done, {count.pruned} pruned, {count.failed} failed)"
            for title, count in counts.items()
        )
        unequal = "" if len({count.total for count in counts.values()}) == 1 else " UNEQUAL BUDGETS."
        yield f"Search trials of {task}: {each}.{unequal}"


def _sources(table: Table, published: Iterable[PublishedNumber]) -> Iterator[str]:
    if table.variant == "mini":
        return
    published = list(published)
    by_source: dict[str, list[str]] = {}
    others = []
    for row, cells in zip(table.rows, table.cells, strict=True):
        for column, cell in zip(table.columns, cells, strict=True):
            shown, model = cell.published, row.model(column.task)
            for number in published:
                named = (number.task, number.method, number.model, number.metric)
                if named != (column.task, row.method, model, column.metric) or number.setting:
                    continue
                if number == shown:
                    value = f"{number.value} of {row.title}{_remark(number, ' ({})')}"
                    by_source.setdefault(f"{number.where} [{number.source}]", []).append(value)
                elif number.over:
                    others.append(f"Published gain of {row.title} over {number.over}: {_cited(number)}.")
                elif shown is not None and number.value != shown.value:
                    others.append(f"Published of {row.title}, too: {_cited(number)}.")
    for source, values in by_source.items():
        yield f"Published, {source}: {_list(values)}."
    yield from others


def _cited(number: PublishedNumber) -> str:
    return f"{number.label}, {number.where}{_remark(number, '; {}')}"


def _remark(number: PublishedNumber, form: str) -> str:
    return form.format(number.note) if number.note else ""


def _origin(table: Table) -> Iterator[str]:
    shown = {key for row in table.cells for cell in row for key in cell.keys.values()}
    runs = [run for row in table.rows for run in row.runs if run.key in shown and run.status == "done"]
    for task in _tasks(table):
        of_task = [run for run in runs if run.task == task]
        if of_task:
            yield f"{task}: protocol {of_task[0].protocol or '?'}, data {of_task[0].fingerprint[:12] or '?'}."
    commits = sorted({run.commit[:10] for run in runs if run.commit})
    dirty = sum(run.dirty for run in runs)
    if commits:
        changed = f" {dirty} of {len(runs)} runs had uncommitted changes." if dirty else ""
        yield f"Commit{'s' if len(commits) > 1 else ''} {_list(commits)}.{changed}"


def _tasks(table: Table) -> list[str]:
    return list(dict.fromkeys(column.task for column in table.columns))


def _reason(reason: str) -> str:
    first = reason.strip().partition("\n")[0]
    return f" ({first})" if first else ""


def _list(items: Iterable[object]) -> str:
    return ", ".join(str(item) for item in items)
