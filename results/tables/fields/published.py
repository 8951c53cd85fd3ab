"""The number that was published of a cell."""

from __future__ import annotations

from typing import Any, ClassVar

from ..citations import PublishedNumber
from .statistic import Context, Statistic


class Published(Statistic):
    """The published number, with its source."""

    title: ClassVar[str] = "published"

    def compute(self, context: Context) -> PublishedNumber | None:
        return context.cell.published

    def text(self, value: PublishedNumber, decimals: int) -> str:
        return value.label

    def number(self, value: PublishedNumber) -> float | None:
        return value.value

    def exported(self, value: PublishedNumber | None) -> dict[str, Any]:
        return {
            "published": value.value if value else None,
            "published_spread": value.spread if value else None,
            "published_spread_kind": value.spread_kind if value else None,
            "source": value.source if value else None,
            "inferred": value.inferred if value else None,
            "where": value.where if value else None,
        }
