"""The notes on what made a table's own numbers: protocol, data, commits and compute."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from provbench.registry.base import duration

from ..store import RunRecord
from .model import Table


def origin_notes(table: Table) -> Iterator[str]:
    """Yields notes on the runs whose keys the cells have."""
    shown = {key for place in table.places() for key in place.cell.keys.values()}
    runs = {run.key: run for place in table.places() for run in place.entry.runs if run.key in shown}
    by_task: dict[str, list[RunRecord]] = defaultdict(list)
    for run in runs.values():
        by_task[run.task] += [run] if run.status == "done" else []
    for task, of in by_task.items():
        if of:
            protocols, data = {run.protocol or "?" for run in of}, {run.fingerprint[:12] or "?" for run in of}
            yield f"{task}: protocol {_list(protocols)}, data {_list(data)}."
    commits = {run.commit[:10] for run in runs.values() if run.commit}
    dirty = sum(run.dirty for run in runs.values())
    if commits:
        changed = f" {dirty} of {len(runs)} runs had uncommitted changes." if dirty else ""
        yield f"Commit{'s' if len(commits) > 1 else ''} {_list(commits)}.{changed}"
    if runs:
        yield _compute(table, list(runs.values()))


def _compute(table: Table, runs: list[RunRecord]) -> str:
    searches = {
        (entry.section, column.method) if column.method else (number, column.task): entry.search_seconds
        for number, row in enumerate(table.rows)
        for column, entry in zip(table.columns, row.entries, strict=True)
    }
    final, search = sum(run.seconds for run in runs), sum(searches.values())
    parts = f"{duration(final)} of {len(runs)} runs"
    if search:
        parts = f"{duration(final + search)}: {parts} and {duration(search)} of searching"
    return f"Compute: {parts}, on {_list({run.device for run in runs})}."


def _list(items: Iterable[str]) -> str:
    return ", ".join(sorted(items))
