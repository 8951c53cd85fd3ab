"""The opponent of a place of a table: another row in its column, or another method's column in its row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from provbench.registry.base import UserError

from .model import CellAddress, Column, Table, TableRow

Address = tuple[int, int]
"""Row and column."""


def has_methods(columns: Iterable[Column]) -> bool:
    """Returns whether columns have methods, since rows are values of something else."""
    return any(column.method for column in columns)


def is_column(columns: Iterable[Column], name: str | None) -> bool:
    """Returns whether a name is that of a method with columns of its own."""
    return bool(name) and any(column.method == name for column in columns)


def opponent(rows: Sequence[TableRow], columns: Sequence[Column], place: Address, name: str) -> Address | None:
    """Returns where the score stands that the one at `place` is compared with. name: of a row, or of a column's method.

    None for what has that name itself, for a row without anything of ours, and where nothing has the name. Raises
    `UserError` where several rows or columns could be meant.
    """
    i, j = place
    if is_column(columns, name):
        other = other_column(columns, j, name) if rows[i].is_ours else None
        return None if other is None else (i, other)
    row = other_row(rows, i, name)
    return None if row is None else (row, j)


def baseline_place(table: Table, i: int, j: int) -> Address | None:
    """Returns the place that the tests of a built table compare a place with; None for the baseline's own."""
    name = table.baseline
    if name is None:
        return None
    if is_column(table.columns, name):
        return None if table.columns[j].over else opponent(table.rows, table.columns, (i, j), name)
    named = [place for place, row in enumerate(table.rows) if row.method == name and row.is_ours]
    own = [place for place in named if table.rows[place].group == table.rows[i].group]
    found = next(iter([*own, *named]), None)
    return None if found is None or i in named else (found, j)


def other_row(rows: Sequence[TableRow], place: int, method: str) -> int | None:
    """The row of a method that the row at `place` is compared with: in its own group, else the only one. None for a row
    of that method itself, for one without anything of ours, and where there is none."""
    row = rows[place]
    if row.method == method or not row.is_ours:
        return None
    named = [other for other, one in enumerate(rows) if one.method == method and one.is_ours]
    found = [other for other in named if rows[other].group == row.group] or named
    if len(found) > 1:
        raise UserError(f"row {row.title!r}: {method!r} is {len(found)} rows of the table: give them different groups")
    return found[0] if found else None


def other_column(columns: Sequence[Column], place: int, method: str) -> int | None:
    """The column of a method that has the scores which the column at `place` is compared with; None for its own.

    Raises `UserError` where the method has no such column, or several.
    """
    column = columns[place]
    if column.method == method:
        return None
    scores = [k for k, one in enumerate(columns) if one.method == method and not one.over]
    found = [k for k in scores if quantity(columns, k) == quantity(columns, place)]
    if len(found) != 1:
        has = f"{len(found)} columns" if found else "no column"
        raise UserError(
            f"column {column.title!r}: {method!r} has {has} of this metric, task and selection: it needs one"
        )
    return found[0]


def contests(table: Table) -> Iterator[list[CellAddress]]:
    """Yields the places of scores that are compared with each other: those of a column, or, where the baseline is a
    column's method, those of one metric in a row; each alone where the rows are different tasks."""
    places = {
        (i, j): CellAddress(row, column, row.entries[j], table.cells[i][j])
        for j, column in enumerate(table.columns)
        for i, row in enumerate(table.rows)
        if not column.derived
    }
    groups: dict[Any, list[CellAddress]] = {}
    for (i, j), place in places.items():
        if is_column(table.columns, table.baseline):
            groups.setdefault((quantity(table.columns, j), i), []).append(place)
        else:
            groups.setdefault(j if table.is_ranked else (j, i), []).append(place)
    yield from groups.values()


def quantity(columns: Sequence[Column], place: int) -> tuple[Any, ...]:
    """Returns what a column measures, whatever the method."""
    column = columns[place]
    parts = tuple(quantity(columns, part) for part in column.mean_of)
    return column.metric, column.selection, parts or (column.task, column.section)
