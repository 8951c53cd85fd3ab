"""The published numbers that belong to a table's cells."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from .citations import PublishedNumber, find
from .model import Column, TableRow

SPLIT = "test"


class PublishedCells:
    """Published numbers by what they are of: a table asks once a cell, and there are hundreds of both."""

    def __init__(self, numbers: Iterable[PublishedNumber]) -> None:
        self._numbers: dict[tuple[str, ...], list[PublishedNumber]] = defaultdict(list)
        for number in numbers:
            if number.split == SPLIT:
                named = (number.task, number.method, number.model, number.metric, number.setting)
                self._numbers[named].append(number)

    def of(self, row: TableRow, column: Column, model: str) -> Sequence[PublishedNumber]:
        """Returns the published numbers of a cell, scores or gains as the column has them, the most trustworthy
        first.
        """
        setting = _setting(row, column)
        over = (row.over or column.over) if column.over else None
        quantity = {"task": column.task, "method": column.method or row.method, "model": model, "metric": column.metric}
        return find(self._all(row, column, model), **quantity, split=SPLIT, over=over, setting=setting)

    def gains_of(self, row: TableRow, column: Column, model: str) -> Sequence[PublishedNumber]:
        """The gains that were published of a cell, over whatever."""
        return [number for number in self._all(row, column, model) if number.over]

    def _all(self, row: TableRow, column: Column, model: str) -> Sequence[PublishedNumber]:
        if column.method and row.setting is None:
            return ()
        method = column.method or row.method
        return self._numbers.get((column.task, method, model, column.metric, _setting(row, column)), ())


def _setting(row: TableRow, column: Column) -> str:
    return column.setting if row.setting is None else row.setting
