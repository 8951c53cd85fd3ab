"""The p-value of the table's own test against the baseline, and what all p-values share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from ...statistics import holm
from .statistic import Context, Statistic

if TYPE_CHECKING:
    from ..model import Column, Table


class PStatistic(Statistic):
    """A p-value: it is written with three decimals."""

    def text(self, value: float, decimals: int) -> str:
        return "<0.001" if value < 0.001 else f"{value:.3f}"


class PValue(PStatistic):
    """The paired t-test against the baseline on shared seeds, two-sided, adjusted by Holm's method over the column.

    The rule of the table is made of it, which its notes state whether p is shown or not.
    """

    title: ClassVar[str] = "p"

    def compute(self, context: Context) -> float | None:
        return context.cell.p_value


class PairedTest(PStatistic):
    """A further test against the baseline, adjusted by Holm's method over the column. It makes nothing bold."""

    test_title: ClassVar[str] = ""
    """The test in words, with what limits it."""

    def test(self, values: Mapping[int, float], baseline: Mapping[int, float]) -> float | None:
        """Returns the two-sided p-value of a metric by seed; None where the test cannot be made."""
        raise NotImplementedError

    def compute(self, context: Context) -> float | None:
        """Returns the p-value before it is adjusted."""
        return self.test(context.cell.values, context.baseline.values) if context.baseline else None

    def of_column(self, contexts: Sequence[Context]) -> list[float | None]:
        return holm([self.compute(context) for context in contexts])

    def legend_of(self, table: Table) -> str:
        return (
            f"{self.title}: {self.test_title} against {table.baseline_title}, two-sided, adjusted by Holm's method "
            "over the column; it decides nothing about bold."
        )

    def complaint(self, columns: Sequence[Column], baseline: str | None) -> str:
        return "" if baseline is not None else "it compares with a baseline: give the table a `baseline:`"
