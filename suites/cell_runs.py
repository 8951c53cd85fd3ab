"""The runs of one cell in their order: first the trials of its search, then the final seeds."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..results.record import RunRecord
from .plan import Cell, Plan
from .spec import RunSpec

if TYPE_CHECKING:
    from optuna.storages import JournalStorage

    from .search import CellSearch


class CellRuns:
    """Says which run comes next, and takes in how runs ended.

    A cell whose search lost a trial (its worker died) stays unfinished: the next start takes the trial up again.
    """

    def __init__(self, plan: Plan, cell: Cell, fingerprint: str, storage: JournalStorage | None) -> None:
        self.plan, self.cell, self.fingerprint = plan, cell, fingerprint
        self.search = self._open_search(storage)
        self._trials: defaultdict[str, list[int]] = defaultdict(list)
        """Key to the numbers of the trials under way; a sampler may draw the same parameters twice."""
        self._final: deque[RunSpec] | None = None if self.search else deque(plan.final_specs(cell, fingerprint))
        self.incomplete = False

    def _open_search(self, storage: JournalStorage | None) -> CellSearch | None:
        space = self.plan.spaces(self.cell)
        if not space or storage is None:
            return None
        from .search import CellSearch

        base = search_base(self.plan, self.cell, self.fingerprint)
        return CellSearch(storage, base, self.plan.file.suite.search, space)

    @property
    def total(self) -> int:
        """How many runs the cell needs in all."""
        trials = self.search.section.trials if self.search else 0
        return trials + len(self.plan.file.suite.seeds)

    def next(self) -> RunSpec | None:
        """A run that can start now, or None: wait for those under way, or the cell needs no more."""
        if self._final is None:
            assert self.search is not None
            if not self.search.exhausted:
                number, chosen = self.search.ask()
                spec = search_base(self.plan, self.cell, self.fingerprint, chosen)
                self._trials[spec.key].append(number)
                return spec
            if self._trials or self.incomplete:
                return None
            self._final = deque(self.plan.final_specs(self.cell, self.fingerprint, self.search.chosen()))
        return self._final.popleft() if self._final else None

    def ended(self, spec: RunSpec, record: RunRecord) -> None:
        for number in self._trials.pop(spec.key, []):
            assert self.search is not None
            self.search.tell(number, record, spec.selection_metric)

    def lost(self, spec: RunSpec) -> None:
        self._trials.pop(spec.key, None)
        self.incomplete = True

    def final_specs(self) -> list[RunSpec] | None:
        """The final runs, or None while the search is not finished."""
        if self.search is None:
            return self.plan.final_specs(self.cell, self.fingerprint)
        counts = self.search.counts()
        if sum(counts.values()) < self.search.section.trials:
            return None
        return self.plan.final_specs(self.cell, self.fingerprint, self.search.chosen())


def search_base(plan: Plan, cell: Cell, fingerprint: str, chosen: Mapping[str, Any] | None = None) -> RunSpec:
    """The run that a cell's search varies; with the parameters that it chose, a trial's."""
    return cell.spec(plan.file.suite.search.seed, "search", fingerprint, chosen)
