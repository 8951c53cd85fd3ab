"""Where a suite stands: the runs that its cells need, and the records that are there. Nothing is trained here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..results import Store
from ..results.record import RunRecord
from .cell_runs import CellRuns, search_base
from .driver import Output
from .plan import Cell, Plan
from .spec import RunSpec

if TYPE_CHECKING:
    from optuna.storages import JournalStorage


@dataclass(frozen=True)
class CellState:
    """A cell, its search, its final runs and their records."""

    cell: Cell
    trials: int
    """Budget of the search; 0 if the cell searches nothing."""
    counts: dict[str, int]
    """Trials by how they ended: `finished`, `pruned`, `failed`."""
    chosen: dict[str, Any]
    """Parameters that the search has chosen, or would choose now."""
    specs: list[RunSpec] | None
    """The final runs; None while the search is not finished."""
    records: list[RunRecord]
    """Of `specs`, as far as they are there."""

    @property
    def done(self) -> int:
        return sum(record.status == "done" for record in self.records)

    @property
    def failed(self) -> int:
        return sum(record.status == "failed" for record in self.records)


def survey(plan: Plan, output: Output, data_root: Path) -> list[CellState]:
    """The state of every cell. Raises `MissingDataError` where data are not prepared."""
    fingerprints, store = plan.fingerprints(data_root), output.store
    journal = output.journal(plan.file.suite.name)
    storage = _open(journal) if plan.file.suite.search.trials and journal.exists() else None
    begun = _begun(plan, fingerprints, storage)
    return [
        _state(CellRuns(plan, cell, fingerprints[cell], storage), store) if cell in begun else _unsearched(plan, cell)
        for cell in plan.cells
    ]


def _open(journal: Path) -> JournalStorage:
    from .search import open_storage

    return open_storage(journal)


def _begun(plan: Plan, fingerprints: Mapping[Cell, str], storage: JournalStorage | None) -> set[Cell]:
    """The cells whose search has begun, or that search nothing. Looking must not begin a study."""
    if storage is None:
        return {cell for cell in plan.cells if not plan.spaces(cell)}
    from .search import begun_studies, study_name

    names, section = begun_studies(storage), plan.file.suite.search
    return {
        cell
        for cell in plan.cells
        if not (space := plan.spaces(cell))
        or study_name(search_base(plan, cell, fingerprints[cell]), section, space) in names
    }


def untouched(plan: Plan) -> list[CellState]:
    """The state of every cell before its data are prepared and its search has begun: no keys, and so no records."""
    return [_unsearched(plan, cell) for cell in plan.cells]


def _unsearched(plan: Plan, cell: Cell) -> CellState:
    return CellState(cell, plan.file.suite.search.trials if plan.spaces(cell) else 0, {}, {}, None, [])


def _state(runs: CellRuns, store: Store) -> CellState:
    specs = runs.final_specs()
    search = runs.search
    return CellState(
        cell=runs.cell,
        trials=search.section.trials if search else 0,
        counts=search.counts() if search else {},
        chosen=search.chosen() if search else {},
        specs=specs,
        records=store.records(spec.key for spec in specs) if specs else [],
    )
