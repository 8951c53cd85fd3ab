"""The deviation of a cell's mean from the published number."""

from __future__ import annotations

from typing import Any, ClassVar

from ...statistics import Deviation
from .statistic import Context, Statistic


class DeviationFromPublished(Statistic):
    """Our mean less the published value, in points and, where its spread is known, in standard errors."""

    title: ClassVar[str] = "Δ"
    legend: ClassVar[str] = (
        "Δ: our mean less the published value, in points where the unit is %; in brackets, in combined standard "
        "errors, where the published one is known."
    )

    def compute(self, context: Context) -> Deviation | None:
        return context.cell.deviation

    def text(self, value: Deviation, decimals: int) -> str:
        return value.text(decimals)

    def number(self, value: Deviation) -> float | None:
        return value.points

    def exported(self, value: Deviation | None) -> dict[str, Any]:
        return {
            "deviation": value.points if value else None,
            "deviation_in_standard_errors": value.standard_errors if value else None,
        }
