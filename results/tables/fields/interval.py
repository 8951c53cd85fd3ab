"""Student's interval of a cell's mean, and what all intervals share."""

from __future__ import annotations

from typing import Any, ClassVar

from ...statistics import Interval
from .statistic import Context, Statistic


class IntervalStatistic(Statistic):
    """An interval: it is written as `[64.2, 66.0]`, sorted by its lower end and exported as two numbers."""

    def text(self, value: Interval, decimals: int) -> str:
        return value.text(decimals)

    def number(self, value: Interval) -> float | None:
        """Returns None: an interval is two numbers."""
        return None

    def sort_value(self, value: Interval) -> float | None:
        return value.low

    def exported(self, value: Interval | None) -> dict[str, Any]:
        ends = (None, None) if value is None else (value.low, value.high)
        return {f"{self.name}_low": ends[0], f"{self.name}_high": ends[1]}


class StudentInterval(IntervalStatistic):
    """Student's 95 % interval of the mean over seeds."""

    title: ClassVar[str] = "95 %"
    legend: ClassVar[str] = "95 %: Student's interval of the mean."

    def compute(self, context: Context) -> Interval | None:
        return context.cell.summary.interval() if context.cell.summary else None

    def exported(self, value: Interval | None) -> dict[str, Any]:
        """Returns nothing: every exported cell has it with its value, as `low` and `high`."""
        return {}
