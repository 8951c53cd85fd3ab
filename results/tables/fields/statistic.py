"""The base of a table's statistics, and the data that they may read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from provbench.registry import FIELDS, Plugin

if TYPE_CHECKING:
    from numpy import ndarray

    from ..model import Column, Table, TableCell, TableRow

BASIC = ("value", "interval", "published", "deviation", "p", "effect")
"""The statistics that every cell has, whether a table shows them or not. Legends are in this order."""

Samples = Callable[[str, str], "Mapping[str, ndarray] | None"]
"""Returns the predictions of a run, by its key, on a split, one array a column; None where they are not stored."""


def no_samples(key: str, split: str) -> Mapping[str, ndarray] | None:
    """Returns None: for tables of runs whose predictions are not at hand."""
    return None


@dataclass(frozen=True)
class Context:
    """A cell of a table, and what a statistic of it may look at.

    table: with its values and tests, before its notes. samples: predictions by run key and split; a call reads a file.
    """

    table: Table
    row_number: int
    column_number: int
    baseline: TableCell | None
    """The cell that this one is tested against; None for the baseline itself, for gains, and where there is none."""
    samples: Samples

    @property
    def row(self) -> TableRow:
        return self.table.rows[self.row_number]

    @property
    def column(self) -> Column:
        return self.table.columns[self.column_number]

    @property
    def cell(self) -> TableCell:
        return self.table.cells[self.row_number][self.column_number]


class Statistic(Plugin):
    """A statistic that a table can show next to a column."""

    title: ClassVar[str] = ""
    """The heading of its field behind the first one of a column, which has the column's own title."""
    legend: ClassVar[str] = ""
    """The sentence in the notes of a table that shows it."""
    always: ClassVar[bool] = False
    """True if a column shows it although no cell has it."""

    def compute(self, context: Context) -> Any:
        """Returns the statistic of a cell in any type; None where the cell has none."""
        raise NotImplementedError

    def of_column(self, contexts: Sequence[Context]) -> list[Any]:
        """Returns the statistic of each cell of a column, in the order of the rows."""
        return [self.compute(context) for context in contexts]

    def text(self, value: Any, decimals: int) -> str:
        """Returns what stands in the table; `value` is what `compute` returned, and never None.

        decimals: of the column.
        """
        return f"{value:.{decimals}f}"

    def number(self, value: Any) -> float | None:
        """Returns the number of the statistic in CSV and JSON files."""
        return float(value)

    def sort_value(self, value: Any) -> float | None:
        """Returns the number that its field is sorted by."""
        return self.number(value)

    def exported(self, value: Any) -> dict[str, Any]:
        """Returns its columns in CSV and JSON files; `value` is None where the cell has none."""
        return {self.name: None if value is None else self.number(value)}

    def legend_of(self, table: Table) -> str:
        """Returns the sentence in the notes of a table; "" for none."""
        return self.legend

    def complaint(self, columns: Sequence[Column], baseline: str | None) -> str:
        """Returns why a table of these columns cannot show it, with a remedy; "" where it can."""
        return ""


def field(name: str) -> Statistic:
    """Returns the statistic of that name. Raises `UnknownNameError` with the nearest names."""
    return FIELDS.build(name)
