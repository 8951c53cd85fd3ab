"""Data tables as files for other programs: Parquet, CSV and JSON lines, written piece by piece."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from pydantic_core import to_json

from provbench.registry.base import UserError, atomic_file, nearest

from .csv_text import harmless

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

ROWS = 50_000
"""Smallest number of rows of a Parquet row group."""


class TableFile(ABC):
    """A table being written. Every piece has the same columns."""

    def __init__(self, file: BinaryIO, schema: pa.Schema | None) -> None:
        self.file = file
        self.schema = schema

    @abstractmethod
    def write(self, frame: pd.DataFrame) -> None:
        """Append these rows."""

    @abstractmethod
    def close(self) -> None:
        """Write what is left. Nothing more comes."""


class ParquetFile(TableFile):
    """Columns have the types of the schema, else their own; what has no one type is JSON, as `as_text` describes."""

    _writer: Any = None

    def __init__(self, file: BinaryIO, schema: pa.Schema | None) -> None:
        super().__init__(file, schema)
        self._pieces: list[pa.Table] = []

    def write(self, frame: pd.DataFrame) -> None:
        import pyarrow as pa

        known = self.schema is not None
        piece = pa.Table.from_pandas(frame if known else as_text(frame), self.schema, preserve_index=False)
        self.schema = piece.schema
        self._pieces.append(piece)
        if sum(map(len, self._pieces)) >= ROWS:
            self._flush()

    def close(self) -> None:
        self._flush()
        if self._writer is not None:
            self._writer.close()

    def _flush(self) -> None:
        import pyarrow as pa
        from pyarrow.parquet import ParquetWriter

        if self._pieces:
            self._writer = self._writer or ParquetWriter(self.file, self._pieces[0].schema)
            self._writer.write_table(pa.concat_tables(self._pieces))
            self._pieces = []


class CsvFile(TableFile):
    """UTF-8 with a header; gaps are empty. Text that a spreadsheet would run as a formula begins with an apostrophe,
    and every line break in it is a line feed.
    """

    _begun = False

    def write(self, frame: pd.DataFrame) -> None:
        flat = as_text(frame)
        for name, column in flat.items():
            if column.dtype.kind == "O":
                flat[name] = [harmless(value) for value in column]
        flat.columns = [harmless(name) for name in flat.columns]
        flat.to_csv(self.file, index=False, header=not self._begun, mode="wb", lineterminator="\n")
        self._begun = True

    def close(self) -> None:
        pass


class JsonLinesFile(TableFile):
    """An object a line with every column: null for gaps and NaN, `"Infinity"` and `"-Infinity"` as in the records."""

    def write(self, frame: pd.DataFrame) -> None:
        names = [str(name) for name in frame.columns]
        columns = [_json_values(column) for _, column in frame.items()]
        for row in zip(*columns, strict=True):
            self.file.write(to_json(dict(zip(names, row, strict=True)), inf_nan_mode="strings") + b"\n")

    def close(self) -> None:
        pass


FORMATS: dict[str, type[TableFile]] = {".parquet": ParquetFile, ".csv": CsvFile, ".jsonl": JsonLinesFile}


def check_format(path: Path) -> None:
    """Raise `UserError` where the file's name says no format."""
    if path.suffix.lower() not in FORMATS:
        raise UserError(f"{path}: the name of the file must say its format{nearest(path.suffix, FORMATS)}")


@contextmanager
def table_file(path: Path, schema: pa.Schema | None = None) -> Iterator[TableFile]:
    """A table in the format that the name says, which is there when the block ends, and not if it fails."""
    check_format(path)
    with atomic_file(path) as file:
        table = FORMATS[path.suffix.lower()](file, schema)
        yield table
        table.close()


def as_text(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame for formats whose columns have one type.

    A column of numbers, of bools or of strings stays what it is. In any other column (of several types, of lists, of
    integers beyond 64 bits) every value becomes its JSON text, gaps apart: `1`, `"auto"`, `[2,3]`.
    """
    flat = frame.copy(deep=False)
    for name, column in frame.items():
        values = _json_values(column) if column.dtype.kind == "O" else []
        if not all(value is None or isinstance(value, str) for value in values):
            flat[name] = [None if value is None else to_json(value).decode() for value in values]
    return flat


def _json_values(column: pd.Series) -> list[Any]:
    return [None if gap else value for value, gap in zip(column.tolist(), column.isna(), strict=True)]
