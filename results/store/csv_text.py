"""CSV text, also without pandas, which takes ten times as long for a small table."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pydantic_core import to_json

from provbench.registry.base import escape

if TYPE_CHECKING:
    import numpy as np


def columns_csv(columns: Mapping[str, np.ndarray]) -> bytes:
    """Returns the bytes that `CsvFile` writes of arrays, one a column, one row a sample; rows of an array are JSON."""
    file = io.StringIO(newline="")
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(map(harmless, columns))
    writer.writerows(zip(*map(_fields, columns.values()), strict=True))
    return file.getvalue().encode()


def harmless(value: Any) -> Any:
    """Returns a field that no spreadsheet runs as a formula, and in which every line break is a line feed."""
    if not isinstance(value, str):
        return value
    text = value.replace("\r\n", "\n").replace(
        "\r", "\n"
    )  # the csv module leaves a lone \r bare, and readers end the line there
    shown = escape.no_formula(text)
    return text if shown != text and _is_number(text) else shown


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _fields(column: np.ndarray) -> list[Any]:
    values, kind = column.tolist(), column.dtype.kind if column.ndim == 1 else ""
    if kind and kind in "biu":
        return values
    if kind == "f":
        return ["" if value != value else value for value in values]  # NaN is a gap
    return [harmless(value if kind == "U" else to_json(value).decode()) for value in values]
