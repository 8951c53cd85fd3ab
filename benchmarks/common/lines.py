"""Annotation files, line by line, with errors that name the file and the line."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from ...registry import MissingDataError, UserError
from ...registry.errors import nearest

N = TypeVar("N", int, float)


@dataclass(frozen=True)
class Line:
    """One line of an annotation file: its fields by name, and where it stands."""

    path: Path
    number: int
    fields: dict[str, str]

    @property
    def where(self) -> str:
        """`file:line`, the way editors open it."""
        return f"{self.path}:{self.number}"

    def __getitem__(self, field: str) -> str:
        return self.fields[field]

    def integer(self, field: str, low: int | None = None, high: int | None = None) -> int:
        """The field as a whole number in [low, high]; `UserError` otherwise."""
        try:
            value = int(self.fields[field])
        except ValueError:
            raise self.error(f"{field} must be a whole number", self.fields[field]) from None
        return self._within(field, value, low, high)

    def decimal(self, field: str, low: float | None = None, high: float | None = None) -> float:
        """The field as a finite number in [low, high]; `UserError` otherwise."""
        try:
            value = float(self.fields[field])
        except ValueError:
            raise self.error(f"{field} must be a number", self.fields[field]) from None
        if not math.isfinite(value):
            raise self.error(f"{field} must be finite", self.fields[field])
        return self._within(field, value, low, high)

    def error(self, what: str, got: object) -> UserError:
        """The error to raise about this line: `file:line: what was wrong (got '...')`."""
        return UserError(f"{self.where}: {what} (got {got!r})")

    def _within(self, field: str, value: N, low: N | None, high: N | None) -> N:
        if low is not None and value < low:
            raise self.error(f"{field} must be at least {low}", value)
        if high is not None and value > high:
            raise self.error(f"{field} must be at most {high}", value)
        return value


def read_lines(path: Path, fields: Sequence[str], separator: str | None = ",") -> Iterator[Line]:
    """The lines of a file without a header, each with exactly the given fields.

    separator: None splits at any white space. Empty lines are skipped. Raises `MissingDataError` where there is no such
    file, and `UserError` with file and line where the fields are too few or too many, or the file is not UTF-8.
    """
    for number, text in enumerate(_text(path).splitlines(), start=1):
        if not text.strip():
            continue
        values = [value.strip() for value in text.split(separator)]
        if len(values) != len(fields):
            raise UserError(f"{path}:{number}: expected {len(fields)} fields, {', '.join(fields)} (got {text!r})")
        yield Line(path, number, dict(zip(fields, values, strict=True)))


def read_table(path: Path, columns: Sequence[str]) -> Iterator[Line]:
    """The rows of a CSV file with a header, each with the given columns (and no others, though the file may have more).

    Raises as `read_lines` does, and `UserError` where the header lacks a column.
    """
    rows = csv.reader(_text(path).splitlines())
    header = next(rows, [])
    for column in columns:
        if column not in header:
            raise UserError(f"{path}:1: the header has no column {column!r}{nearest(column, header)}")
    places = {column: header.index(column) for column in columns}
    for row in rows:
        if not row:
            continue
        if len(row) != len(header):
            raise UserError(f"{path}:{rows.line_num}: expected {len(header)} columns (got {len(row)})")
        yield Line(path, rows.line_num, {column: row[place] for column, place in places.items()})


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise MissingDataError(f"{path}: no such annotation file") from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        got = error.object[error.start : error.end]
        raise UserError(f"{path}:{line}: the file must be UTF-8 text (got {got!r})") from None
