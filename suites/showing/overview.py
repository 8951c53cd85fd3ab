"""The state of a suite: the runs that its cells need, and the records that exist. Nothing is trained here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from provbench.registry.base import MissingDataError
from provbench.results.store import Choice, RunRecord

from ..driving import CellRuns, Lookup, Output, RecordCache, search_base, search_settings
from ..planning import ORACLE, Cell, OtherCode, Plan, RunSpec, other_code

if TYPE_CHECKING:
    from optuna.storages import BaseStorage


@dataclass(frozen=True)
class CellState:
    """A cell, its search, and what each protocol selected."""

    cell: Cell
    trials: int = 0
    """Budget of the search; 0 if the cell searches nothing."""
    counts: Mapping[str, int] = field(default_factory=dict)
    """Trials by how they ended: `finished`, `pruned`, `failed`."""
    search_seconds: float = 0.0
    """Total duration of the trials that have records."""
    best: Mapping[str, Any] = field(default_factory=dict)
    """Parameters that the search has chosen, or would choose now."""
    selected: Mapping[str, Choice[RunSpec]] = field(default_factory=dict)
    """Choices by protocol; empty while the search is not finished."""
    others: Sequence[OtherCode] = ()
    """The records of trials and final runs that a plugin made which has other code now."""
    needed: int | None = None
    """Result of `runs_needed`, for a cell whose search has begun or that searches nothing."""

    @property
    def protocols(self) -> tuple[str, ...]:
        """Those that differ: without a search, all that choose epochs by one metric are one."""
        return self.cell.protocols if self.trials else tuple(self.selected) or self.cell.protocols[:1]

    def under(self, protocol: str | None = None) -> Choice[RunSpec]:
        """Returns the choice of a protocol, by default the first."""
        known = protocol if protocol in self.protocols else self.cell.protocol
        return self.selected.get(known) or self.unmade(known)

    def unmade(self, protocol: str) -> Choice[RunSpec]:
        """Returns the choice of a protocol while the search is not finished: nothing."""
        return Choice(protocol, self.cell.selection_metric(protocol))


def survey(
    plan: Plan, output: Output, data_root: Path, storage: str | None = None, *, tabled: bool = False
) -> list[CellState]:
    """The state of every cell; storage: of the studies, default: where they were before. tabled: whether final runs
    have their records as tables need them, which `Store.tabled` reads in a tenth of the time.

    Raises `MissingDataError` where data are not prepared.
    """
    opened = open_begun(plan, output, data_root, storage)
    many = output.store.tabled if tabled else None
    return [_state(opened[cell], many) if cell in opened else _unsearched(plan, cell) for cell in plan.cells]


def survey_ready(
    plan: Plan, output: Output, data_root: Path, storage: str | None = None, *, tabled: bool = False
) -> tuple[list[CellState], str]:
    """Surveys the cells as `survey` does, but a cell whose data are missing has the state of one that nothing was done
    for.

    The second value says what is missing; it is empty where nothing is.
    """
    try:
        return survey(plan, output, data_root, storage, tabled=tabled), ""
    except MissingDataError as error:
        ready = replace(plan, cells=tuple(cell for cell in plan.cells if _has_data(plan, cell, data_root)))
        known = {state.cell: state for state in survey(ready, output, data_root, storage, tabled=tabled)}
        return [known.get(cell) or _unsearched(plan, cell) for cell in plan.cells], str(error)


def _has_data(plan: Plan, cell: Cell, data_root: Path) -> bool:
    try:
        replace(plan, cells=(cell,)).fingerprints(data_root)
    except MissingDataError:
        return False
    return True


def open_begun(plan: Plan, output: Output, data_root: Path, storage: str | None = None) -> dict[Cell, CellRuns]:
    """The runs of each cell whose search has begun, or that searches nothing. Raises as `survey`."""
    fingerprints = plan.fingerprints(data_root)
    studies = _studies(plan, output, storage)
    begun = _begun(plan, fingerprints, studies)
    lookup = RecordCache(output.store).get
    return {cell: CellRuns(plan, cell, fingerprints[cell], studies, lookup) for cell in plan.cells if cell in begun}


def _studies(plan: Plan, output: Output, storage: str | None) -> BaseStorage | None:
    """The suite's studies, if there are any. Looking must not make a file."""
    if not plan.file.suite.search.trials:
        return None
    from ..search import is_there, open_storage

    location = output.storage(plan.file.suite.name, storage)
    return open_storage(location) if is_there(location) else None


def _begun(plan: Plan, fingerprints: Mapping[Cell, str], storage: BaseStorage | None) -> set[Cell]:
    """The cells whose search has begun, or that search nothing. Looking must not begin a study."""
    searching = [cell for cell in plan.cells if plan.spaces(cell)]
    if not searching or storage is None:
        return set(plan.cells).difference(searching)
    from ..search import begun_studies, study_name

    names = begun_studies(storage)

    def name(cell: Cell) -> str:
        base = search_base(plan, cell, fingerprints[cell])
        return study_name(base, search_settings(plan, cell, base))

    return {cell for cell in plan.cells if cell not in searching or name(cell) in names}


def untouched(plan: Plan) -> list[CellState]:
    """The state of every cell before its data are prepared and its search has begun: no keys, and so no records."""
    return [_unsearched(plan, cell) for cell in plan.cells]


def _unsearched(plan: Plan, cell: Cell) -> CellState:
    return CellState(cell, plan.file.suite.search.trials if plan.spaces(cell) else 0)


def runs_needed(plan: Plan, state: CellState) -> int:
    """Returns how many runs a cell needs in all, ended ones included; an upper bound while its search is not
    finished.
    """
    if state.needed is not None:
        return state.needed
    cell = state.cell
    if not plan.spaces(cell):
        return CellRuns(plan, cell, "", None, lambda key: None).needed
    budget = search_settings(plan, cell, search_base(plan, cell, "")).budget
    folds = len(cell.trial(plan.file.suite.search.seed, ""))
    probes = sum(
        budget * (1 if protocol == ORACLE else len(cell.trial(0, "", None, protocol)))
        for protocol in cell.protocols
        if cell.probes(protocol)
    )
    return budget * folds + probes + len(plan.file.suite.seeds) * len(cell.protocols)


Many = Callable[[Iterable[str]], Mapping[str, RunRecord]]
"""Returns the records of many keys at once."""


def _state(runs: CellRuns, many: Many | None = None) -> CellState:
    selected = {choice.protocol: _with_records(choice, runs.lookup, many) for choice in runs.choices() or ()}
    search = runs.search
    if search is None:
        return CellState(runs.cell, selected=selected, others=_other_code(selected), needed=runs.needed)
    records = [record for spec in runs.trial_specs() if (record := runs.lookup(spec.key)) is not None]
    seconds = sum(record.seconds for record in records)
    counts, budget = search.counts(), search.settings.budget
    others = [*other_code(records), *_other_code(selected)]
    return CellState(runs.cell, budget, counts, seconds, search.best(), selected, others, runs.needed)


def _other_code(selected: Mapping[str, Choice[RunSpec]]) -> list[OtherCode]:
    return other_code(record for one in selected.values() for record in one.records)


def _with_records(choice: Choice[RunSpec], lookup: Lookup, many: Many | None) -> Choice[RunSpec]:
    if many is not None:
        lookup = many(spec.key for spec in choice.specs).get
    return replace(
        choice, runs={spec.seed: record for spec in choice.specs if (record := lookup(spec.key)) is not None}
    )
