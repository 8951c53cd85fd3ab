"""Where a suite stands: the runs that its cells need, and the records that are there. Nothing is trained here."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..results.record import RunRecord
from .cell_runs import CellRuns
from .driver import Output, open_cells
from .plan import Cell, Plan
from .spec import RunSpec


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
    fingerprints = plan.fingerprints(data_root)
    searching = plan.file.suite.search.trials > 0 and output.journal(plan.file.suite.name).exists()
    if plan.file.suite.search.trials and not searching:
        return untouched(plan)
    return [_state(runs, output) for runs in open_cells(plan, output, fingerprints)]


def untouched(plan: Plan) -> list[CellState]:
    """The state of every cell before its data are prepared and its search has begun: no keys, and so no records."""
    return [_unsearched(plan, cell) for cell in plan.cells]


def _unsearched(plan: Plan, cell: Cell) -> CellState:
    return CellState(cell, plan.file.suite.search.trials if plan.spaces(cell) else 0, {}, {}, None, [])


def _state(runs: CellRuns, output: Output) -> CellState:
    specs = runs.final_specs()
    search = runs.search
    return CellState(
        cell=runs.cell,
        trials=search.section.trials if search else 0,
        counts=search.counts() if search else {},
        chosen=search.chosen() if search else {},
        specs=specs,
        records=output.store.records(spec.key for spec in specs) if specs else [],
    )
