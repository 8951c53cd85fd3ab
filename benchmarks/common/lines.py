"""Annotation files, line by line, with errors that name the file and the line."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from provbench.registry.base import UserError, csv_rows, nearest, numbered_lines

BLANKS = " \t"
"""Characters around and between fields; other kinds of white space may be a part of a name."""

N = TypeVar("N", int, float)


@dataclass(frozen=True)
class AnnotationLine:
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


def read_lines(path: Path, fields: Sequence[str], separator: str | None = ",") -> Iterator[AnnotationLine]:
    """The lines of a file without a header, each with exactly the given fields.

    separator: None splits at spaces and tabs. Lines end with a line feed, or a carriage return and a line feed; empty
    ones are skipped. Raises `MissingDataError` where there is no such file, and `UserError` with file and line where
    the fields are too few or too many, or the file is not UTF-8.
    """
    for number, text in numbered_lines(path):
        if not text.strip(BLANKS):
            continue
        parts = re.split(f"[{BLANKS}]+", text.strip(BLANKS)) if separator is None else text.split(separator)
        values = [value.strip(BLANKS) for value in parts]
        if len(values) != len(fields):
            raise UserError(f"{path}:{number}: expected {len(fields)} fields, {', '.join(fields)} (got {text!r})")
        yield AnnotationLine(path, number, dict(zip(fields, values, strict=True)))


def read_table(path: Path, columns: Sequence[str]) -> Iterator[AnnotationLine]:
    """The rows of a CSV file with a header, each with the given columns (and no others, though the file may have more).

    A row is a line, which ends as those of `read_lines` do: a quoted field must be closed on its line, so that one
    quote too many cannot swallow the rows behind it. Raises as `read_lines` does, and `UserError` where the header
    lacks a column or has it twice, and for quotes that break the rules of CSV.
    """
    rows = csv_rows(path)
    _, header = next(rows, (1, []))
    for column in columns:
        if header.count(column) != 1:
            wrong = f"has column {column!r} twice" if column in header else f"has no column {column!r}"
            raise UserError(f"{path}:1: the header {wrong}{'' if column in header else nearest(column, header)}")
    places = {column: header.index(column) for column in columns}
    for number, row in rows:
        if len(row) != len(header):
            raise UserError(f"{path}:{number}: expected {len(header)} columns (got {len(row)})")
        yield AnnotationLine(path, number, {column: row[place] for column, place in places.items()})
