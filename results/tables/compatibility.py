"""A check of whether runs may stand in one table."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from provbench.registry.base import UnknownNameError, UserError

from ..store import RunRecord
from .costs import COSTS
from .model import Column, RowRuns, TableRow


def check_variants(rows: Sequence[TableRow], variant: str, title: str) -> None:
    """Raises `UserError` for a run of another variant than the table's."""
    for run in (run for row in rows for entry in row.entries for run in entry.runs):
        if run.variant != variant:
            raise UserError(
                f"table {title!r} is of the {variant} variant, and run {run.key} ({run.task}, {run.method}) of the "
                f"{run.variant} one: make a table of each"
            )


def check_sections(rows: Sequence[TableRow], title: str) -> None:
    """Raises `UserError` for finished runs of two protocol versions or two states of the data in one task section,
    whatever the column: methods that have columns of their own are compared, too."""
    _check_data([entry for row in rows for entry in row.entries], title)


def check_column(entries: Sequence[RowRuns], column: Column, title: str) -> None:
    """Raises `UserError` for finished runs of two protocol versions or two states of the data, and
    `UnknownNameError` where no run has the column's metric and the column does not say that the task declares it.

    A method's data are the task's and what its synthesizer reads besides them, so that a fingerprint is compared with
    those of the same synthesizer only, and of the same section where rows may be of several.
    """
    runs = [run for entry in entries for run in entry.runs]
    _check_data(entries, title)
    known = {name for run in runs for name in run.test}
    computed = column.declared or column.metric in COSTS or column.mean_of
    if known and column.metric not in known and not computed:
        raise UnknownNameError(f"test metric of {column.task}", column.metric, {*known, *COSTS})


def _check_data(entries: Sequence[RowRuns], title: str) -> None:
    protocols: dict[tuple[str, str], list[RunRecord]] = {}
    data: dict[tuple[str, str, str], list[RunRecord]] = {}
    for entry in entries:
        for synthesizer, run in _kinds(entry):
            protocols.setdefault((entry.section, run.task), []).append(run)
            data.setdefault((entry.section, run.task, synthesizer), []).append(run)
    for same in protocols.values():
        _check_one(same, "protocol", "protocol versions", title)
    for same in data.values():
        _check_one(same, "fingerprint", "states of the data", title)


def _kinds(entry: RowRuns) -> Iterable[tuple[str, RunRecord]]:
    """Returns the first finished run of each task, protocol, state of the data and synthesizer, with the last in
    words.
    """
    if "kinds" not in entry.memo:
        found: dict[tuple[str, ...], tuple[str, RunRecord]] = {}
        for run in (run for run in entry.runs if run.status == "done"):
            synthesizer = json.dumps([run.synthesizer, _synthesis(run)], sort_keys=True)
            found.setdefault((run.task, run.protocol, run.fingerprint, synthesizer), (synthesizer, run))
        entry.memo["kinds"] = list(found.values())
    return entry.memo["kinds"]


def _synthesis(run: RunRecord) -> dict[str, object]:
    """Returns the parameters of a run's synthesizer, also those that say where its data lie and are in no key."""
    used = run.synthesizer
    prefix = f"{used['name']}." if used else None
    return {name: value for name, value in run.parameters.items() if prefix and name.startswith(prefix)}


def network(runs: Iterable[RunRecord], task: str) -> str:
    """The one that all of a cell's runs trained; "" where none says. Raises `UserError` for two."""
    named = [run for run in runs if "model" in run.parameters]
    names = {str(run.parameters["model"]) for run in named}
    if len(names) > 1:
        raise UserError(f"{named[0].method}: mixes the networks {sorted(names)} on {task}: give each its own row")
    return next(iter(names), "")


def _check_one(runs: Sequence[RunRecord], name: str, what: str, title: str) -> None:
    for run in runs:
        one, other = getattr(runs[0], name), getattr(run, name)
        if one != other:
            raise UserError(
                f"table {title!r}: {run.task} has runs of two {what}, {one!r} (run {runs[0].key}, {runs[0].method}) "
                f"and {other!r} (run {run.key}, {run.method}). Run the older ones again, or make a table of each."
            )
