"""The lines under a table: what its numbers are, where they come from, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from .citations import PublishedNumber
from .costs import COSTS
from .record import RunRecord
from .tables import GAP, Column, Entry, Kind, Table, TableRow


def table_notes(table: Table, published: Iterable[PublishedNumber] = ()) -> Iterator[str]:
    """The notes of a table. published: for the gains that papers state."""
    yield from _variant(table)
    yield from _legend(table)
    yield from _costs(table)
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
    if not any(cell.values for row in table.cells for cell in row):
        yield f"{GAP}: not run yet."
        return
    shown: set[Kind] = {field.kind for field in table.header()}
    yield (
        "Mean ± sample standard deviation (ddof=1) over seeds, and their number. Bold: the best mean, and all that a "
        "paired t-test on shared seeds (Holm, α = 0.05) cannot tell from it."
    )
    if "interval" in shown:
        yield "95 %: Student's interval of the mean."
    if "deviation" in shown:
        yield (
            "Δ: our mean less the published value, in points where the unit is %; in brackets, in combined standard "
            "errors, where the published one is known."
        )
    if "p" in shown:
        yield (
            f"p: paired t-test against {table.baseline} on shared seeds, two-sided, adjusted by Holm's method over the "
            "column."
        )
    if "effect" in shown:
        yield f"g: mean difference to {table.baseline} in standard deviations of the differences (Hedges' correction)."


def _costs(table: Table) -> Iterator[str]:
    for name in dict.fromkeys(column.metric for column in table.columns if column.metric in COSTS):
        yield f"{name}: {COSTS[name].description} [{COSTS[name].unit}]; less is better."


def _selection(table: Table) -> Iterator[str]:
    tasks: dict[str, list[str]] = {}
    for place, column in enumerate(table.columns):
        known = tasks.setdefault(column.selection, [])
        if column.task not in known and _runs(table, place):
            known.append(column.task)
    for selection, of in tasks.items():
        if selection == "oracle" and of:
            yield f"ORACLE selection of {_list(of)}: the parameters were chosen on the test data."
        elif of:
            yield f"Selection protocol of {_list(of)}: {selection}."


def _seeds(table: Table) -> Iterator[str]:
    by_seeds: dict[tuple[int, ...], list[str]] = {}
    for row in table.rows:
        for entry in row.entries:
            titles = by_seeds.setdefault(tuple(entry.seeds), [])
            if entry.seeds and row.title not in titles:
                titles.append(row.title)
    by_seeds = {seeds: titles for seeds, titles in by_seeds.items() if titles}
    for seeds, titles in by_seeds.items():
        whose = "" if len(by_seeds) == 1 else f" of {_list(titles)}"
        yield f"Seeds{whose}: {_list(seeds)}."


def _gaps(table: Table) -> Iterator[str]:
    if not any(cell.keys for row in table.cells for cell in row):
        return
    absent: dict[str, list[str]] = {}
    lines = []
    for row, cells in zip(table.rows, table.cells, strict=True):
        for entry, column, cell in zip(row.entries, table.columns, cells, strict=True):
            if column.mean_of:
                continue
            if entry.seeds and len(cell.missing) == len(entry.seeds):
                absent.setdefault(column.task, []).append(row.title)
                continue
            reasons = {run.key: run.reason for run in entry.runs}
            parts = [f"seed {seed} missing" for seed in cell.missing]
            parts += [f"seed {seed} failed{_reason(reasons[cell.keys[seed]])}" for seed in cell.failed]
            parts += [f"seed {seed} has no finite {column.metric}" for seed in cell.void]
            lines += [f"{row.title}, {column.task}: {'; '.join(parts)}."] if parts else []
    if lines or absent:
        yield f"{GAP} marks a seed that gave no value."
    for task, titles in absent.items():
        yield f"Not run yet on {task}: {_list(dict.fromkeys(titles))}."
    yield from dict.fromkeys(lines)


def _networks(table: Table) -> Iterator[str]:
    if any(row.group for row in table.rows):
        return
    for task in _tasks(table):
        places = _places(table, task)
        models = {
            row.title: cells[place].model
            for row, cells in zip(table.rows, table.cells, strict=True)
            for place in places
            if cells[place].model
        }
        if len(set(models.values())) > 1:
            yield f"{task} compares different networks: {_list(f'{name} with {of}' for name, of in models.items())}."


def _search(table: Table) -> Iterator[str]:
    for task in _tasks(table):
        counts = {
            row.title: search
            for row in table.rows
            for place in _places(table, task)
            if (search := row.entries[place].search) is not None
        }
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
            setting = column.setting if row.setting is None else row.setting
            for number in published:
                named = (number.task, number.method, number.model, number.metric, number.split, number.setting)
                if named != (column.task, row.method, cell.model, column.metric, "test", setting):
                    continue
                if number == cell.published:
                    value = f"{number.value} of {row.title}{_remark(number, ' ({})')}"
                    by_source.setdefault(f"{number.where} [{number.source}]", []).append(value)
                elif number.over:
                    others.append(f"Published gain of {row.title} over {number.over}: {_cited(number)}.")
                elif cell.published is not None and number.value != cell.published.value:
                    others.append(f"Published of {row.title}, too: {_cited(number)}.")
    for source, values in by_source.items():
        yield f"Published, {source}: {_list(values)}."
    yield from dict.fromkeys(others)


def _cited(number: PublishedNumber) -> str:
    return f"{number.label}, {number.where}{_remark(number, '; {}')}"


def _remark(number: PublishedNumber, form: str) -> str:
    return form.format(number.note) if number.note else ""


def _origin(table: Table) -> Iterator[str]:
    """Protocol, data, commits and compute of the runs behind the numbers."""
    shown = {key for row in table.cells for cell in row for key in cell.keys.values()}
    runs = {run.key: run for place in range(len(table.columns)) for run in _runs(table, place) if run.key in shown}
    for task in _tasks(table):
        of_task = [run for place in _places(table, task) for run in _runs(table, place) if run.status == "done"]
        if of_task:
            yield f"{task}: protocol {of_task[0].protocol or '?'}, data {of_task[0].fingerprint[:12] or '?'}."
    commits = sorted({run.commit[:10] for run in runs.values() if run.commit})
    dirty = sum(run.dirty for run in runs.values())
    if commits:
        changed = f" {dirty} of {len(runs)} runs had uncommitted changes." if dirty else ""
        yield f"Commit{'s' if len(commits) > 1 else ''} {_list(commits)}.{changed}"
    if runs:
        yield _compute(table, list(runs.values()))


def _compute(table: Table, runs: Sequence[RunRecord]) -> str:
    searches = {(row.title, column.task): entry.search_seconds for row, entry, column in _entries(table)}
    final, search = sum(run.seconds for run in runs), sum(searches.values())
    devices = _list(sorted({run.device for run in runs}))
    beside = f" and {_duration(search)} of searching" if search else ""
    return f"Compute: {_duration(final)} of {len(runs)} runs{beside}, on {devices}."


def _entries(table: Table) -> Iterator[tuple[TableRow, Entry, Column]]:
    for row in table.rows:
        for entry, column in zip(row.entries, table.columns, strict=True):
            yield row, entry, column


def _duration(seconds: float) -> str:
    for size, unit in ((3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.0f} s"


def _tasks(table: Table) -> list[str]:
    return list(dict.fromkeys(column.task for column in table.columns if not column.mean_of))


def _places(table: Table, task: str) -> list[int]:
    return [place for place, column in enumerate(table.columns) if column.task == task and not column.mean_of]


def _runs(table: Table, place: int) -> list[RunRecord]:
    return [run for row in table.rows for run in row.entries[place].runs]


def _reason(reason: str) -> str:
    first = reason.strip().partition("\n")[0]
    return f" ({first})" if first else ""


def _list(items: Iterable[object]) -> str:
    return ", ".join(str(item) for item in items)
