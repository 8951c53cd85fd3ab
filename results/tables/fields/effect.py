"""The effect size against the baseline."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from ...statistics import PairedEffect
from .statistic import Context, Statistic

if TYPE_CHECKING:
    from ..model import Table


class Effect(Statistic):
    """The mean difference to the baseline on shared seeds, in standard deviations of the differences."""

    title: ClassVar[str] = "g"

    def compute(self, context: Context) -> PairedEffect | None:
        return context.cell.effect

    def text(self, value: PairedEffect, decimals: int) -> str:
        return "" if value.g_z is None else f"{value.g_z:+.2f}"

    def number(self, value: PairedEffect) -> float | None:
        return value.g_z

    def exported(self, value: PairedEffect | None) -> dict[str, Any]:
        return {"difference": value.difference if value else None, "effect": value.g_z if value else None}

    def legend_of(self, table: Table) -> str:
        of = table.baseline_title
        return f"g: mean difference to {of} in standard deviations of the differences (Hedges' correction)."
