"""The values of a cell: their mean, spread and number."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from .statistic import Context, Statistic

if TYPE_CHECKING:
    from ..model import TableCell


class Value(Statistic):
    """The mean over seeds, the sample standard deviation and the number of seeds, with a dash for each gap."""

    title: ClassVar[str] = "ours"
    legend: ClassVar[str] = "Mean ± sample standard deviation (ddof=1) over seeds, and their number."
    always: ClassVar[bool] = True

    def compute(self, context: Context) -> TableCell:
        return context.cell

    def text(self, value: TableCell, decimals: int) -> str:
        return value.text(decimals)

    def number(self, value: TableCell) -> float | None:
        return value.summary.mean if value.summary else None

    def exported(self, value: TableCell) -> dict[str, Any]:
        summary = value.summary
        interval = summary.interval() if summary else None
        return {
            "mean": summary.mean if summary else None,
            "std": summary.std if summary else None,
            "low": interval.low if interval else None,
            "high": interval.high if interval else None,
            "n": summary.n if summary else 0,
            "missing": len(value.missing),
            "failed": len(value.failed),
            "void": len(value.void),
            "best": value.best,
            "bold": value.bold,
            "untested": value.untested,
        }
