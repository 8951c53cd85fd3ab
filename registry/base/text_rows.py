"""Lines of text files and rows of CSV files, with their numbers, and with errors that name file and line."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from .errors import MissingDataError, UserError

SHOWN = 200
"""Characters of a line that a message shows."""


def numbered_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Each line of a UTF-8 file with its number, counted from 1, and without its end.

    Lines end with a line feed, or a carriage return and a line feed; other characters that Unicode counts as line ends
    belong to the line. Raises `MissingDataError` where there is no such file, and `UserError` with file and line where
    it is not UTF-8.
    """
    for number, text in enumerate(_text(path).split("\n"), start=1):
        yield number, text.removesuffix("\r")


def csv_rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """The fields of each line of a CSV file that is not empty, the header included, with the line's number.

    A row is a line: a quoted field must be closed on its line, so that one quote too many cannot swallow the rows
    behind it. Raises as `numbered_lines` does, and `UserError` with file and line for quotes that break the rules.
    """
    for number, text in numbered_lines(path):
        try:
            rows = list(csv.reader([text], strict=True))
        except csv.Error as error:
            reason = "a quote is never closed" if "unexpected end" in str(error) else error
            shown = text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
            raise UserError(f"{path}:{number}: no row of a CSV file, {reason} (got {shown!r})") from None
        yield from ((number, row) for row in rows if row)


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise MissingDataError(f"{path}: no such annotation file") from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        got = error.object[error.start : error.end]
        raise UserError(f"{path}:{line}: the file must be UTF-8 text (got {got!r})") from None
