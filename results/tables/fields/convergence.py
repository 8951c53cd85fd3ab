"""Statistic: whether the runs of a cell were still improving when they ended."""

from __future__ import annotations

from statistics import fmean
from typing import Any, ClassVar, NamedTuple

from ..costs import COSTS
from ..endings import runs_of, selection_endings
from .statistic import Context, Statistic


class Endings(NamedTuple):
    """The ends of a cell's runs: how many were still improving, the number of runs for which this can be decided, and
    their mean gain in the last fifth, in the unit of the selection metric.
    """

    improving: int
    known: int
    gain: float


class Convergence(Statistic):
    """Number of runs that were still improving on val when they ended, and their gain in the last fifth."""

    title: ClassVar[str] = "improving"
    legend: ClassVar[str] = (
        "improving: how many runs were still improving by their selection metric on val when they ended, and what they "
        "gained in the last fifth of their training, on the average; ?: too few validations to tell."
    )

    def compute(self, context: Context) -> Endings | None:
        if context.column.derived or context.column.metric in COSTS or not context.column.selection_metric:
            return None
        runs = runs_of(context.row.entries[context.column_number], context.cell)
        endings = selection_endings(context.row.entries[context.column_number], context.column)
        found = [endings[run.key] for run in runs]
        gains = [gain for state, gain in found if state == "improving"]
        known = sum(state != "unknown" for state, _ in found)
        return Endings(len(gains), known, fmean(gains) if gains else 0.0) if found else None

    def text(self, value: Endings, decimals: int) -> str:
        if not value.known:
            return "?"
        gain = f" {value.gain:+.{decimals}f}" if value.improving else ""
        return f"{value.improving}/{value.known}{gain}"

    def number(self, value: Endings) -> float | None:
        return float(value.improving) if value.known else None

    def exported(self, value: Endings | None) -> dict[str, Any]:
        told = value is not None and value.known > 0
        return {
            "improving": value.improving if value and told else None,
            "gain": value.gain if value and told else None,
        }
