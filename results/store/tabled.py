"""Records as tables need them, out of the index: thousands of them in little time and memory."""

from __future__ import annotations

import struct
from array import array
from collections.abc import Callable, Mapping
from functools import lru_cache
from math import nan
from typing import Any

from pydantic_core import from_json, to_json

from .curve_axis import axis_of, place_of
from .record import PluginCode, RunRecord, RunSummary

_LENGTHS = struct.Struct("<III")
"""Bytes of the summary, of what many runs share, and of the names of the curves' columns; the columns follow."""
_CURVES: tuple[str, ...] = ("curve", "test_curve")
_WHOLE = ("identity", "versions", "traceback", "predictions", "calibrated")
"""Fields that are read from the record's file, should anyone ask for them."""
SHARED = tuple(sorted(set(RunRecord.model_fields) - set(RunSummary.model_fields) - {*_CURVES, *_WHOLE}))
"""All other fields that a summary lacks: small ones, which are often the same for many runs."""


class TabledRecord(RunRecord):
    """A record whose curves are unpacked at each use, and whose file is read for what no table shows.

    It is made by `tabled`, and never validated: the record was, before it was packed. Records of one cell share their
    parameters. It cannot be written as JSON.
    """

    def __getattr__(self, name: str) -> Any:
        fields: dict[str, Any] = vars(self)
        if name in _CURVES and "_columns" in fields:
            return _Columns(fields["_columns"]).rows(name)
        if name in _WHOLE and "_read" in fields:
            found = fields["_read"](self.key)
            fields.update({field: getattr(found or RunRecord.model_construct(), field) for field in _WHOLE})
            return fields[name]
        return super().__getattr__(name)  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]

    @property
    def synthesizer(self) -> Any:
        return self.__dict__["_synthesizer"]

    def series(self, name: str) -> tuple[list[float], list[float]]:
        return _Columns(self.__dict__["_columns"]).series(name)

    def curve_names(self) -> list[str]:
        return _names(self.__dict__["_columns"])[_CURVES[0]][0]


def packed(record: RunRecord, left_out: set[str]) -> bytes:
    """Returns a record's summary and curves, for `summary_fields` and `tabled`."""
    bare = record.model_copy(update={"parameters": {}})  # in their place among the fields
    summary = bare.model_dump_json(exclude=left_out).encode()
    shared = to_json(
        {
            "parameters": record.parameters,
            "synthesizer": record.synthesizer,
            **{name: getattr(record, name) for name in SHARED},
        }
    )
    curves = [getattr(record, name) for name in _CURVES]
    names = [list(dict.fromkeys(name for entry in curve for name in entry)) for curve in curves]
    head = to_json([[of, len(curve)] for of, curve in zip(names, curves, strict=True)])
    values, there = array("d"), bytearray()
    for of, curve in zip(names, curves, strict=True):
        for name in of:
            values.extend(entry.get(name, nan) for entry in curve)
            there.extend(name in entry for entry in curve)
    parts = (summary, shared, head)
    return b"".join([_LENGTHS.pack(*map(len, parts)), *parts, values.tobytes(), there])


def summary_fields(data: bytes) -> dict[str, Any]:
    """Returns the JSON values of the summary that was packed. Those of `parameters` are shared: nobody changes them."""
    first, second, _ = _LENGTHS.unpack_from(data)
    start = _LENGTHS.size
    fields = from_json(data[start : start + first])
    fields["parameters"] = _shared(data[start + first : start + first + second])["parameters"]
    return fields


def tabled(fields: Mapping[str, Any], data: bytes, read: Callable[[str], RunRecord | None]) -> TabledRecord:
    """Returns the record of a row of the index. fields: of its summary. read: reads the record of a key."""
    first, second, _ = _LENGTHS.unpack_from(data)
    start = _LENGTHS.size + first
    shared = _shared(data[start : start + second])
    record = TabledRecord.__new__(TabledRecord)
    record.__setstate__(
        {
            "__dict__": {
                **fields,
                **{name: shared[name] for name in SHARED},
                "_synthesizer": shared["synthesizer"],
                "_columns": data[8:12] + data[start + second :],
                "_read": read,
            },
            "__pydantic_fields_set__": _FIELDS,
            "__pydantic_extra__": None,
            "__pydantic_private__": None,
        }
    )
    return record


_FIELDS = set(RunRecord.model_fields)


@lru_cache(maxsize=1000)
def _shared(data: bytes) -> dict[str, Any]:
    shared = from_json(data)
    shared["plugins"] = {name: PluginCode(**code) for name, code in shared["plugins"].items()}
    return shared


def _names(data: bytes) -> dict[str, tuple[list[str], int]]:
    """Returns the names of the columns of each curve, and the number of its rows. Nobody changes them."""
    (length,) = struct.unpack_from("<I", data)
    return _head(data[4 : 4 + length])


@lru_cache(maxsize=1000)
def _head(data: bytes) -> dict[str, tuple[list[str], int]]:
    return dict(zip(_CURVES, from_json(data), strict=True))


class _Columns:
    """The columns of a record's curves."""

    def __init__(self, data: bytes) -> None:
        (length,) = struct.unpack_from("<I", data)
        self.curves = _names(data)
        count = sum(len(names) * rows for names, rows in self.curves.values())
        start = 4 + length
        self.values = array("d", data[start : start + 8 * count])
        self.there = data[start + 8 * count :]

    def rows(self, curve: str) -> list[dict[str, float]]:
        """Returns the curve's entries."""
        names, count = self.curves[curve]
        first = 0 if curve == _CURVES[0] else len(self.curves[_CURVES[0]][0]) * self.curves[_CURVES[0]][1]
        starts = {name: first + place * count for place, name in enumerate(names)}
        return [
            {name: self.values[start + row] for name, start in starts.items() if self.there[start + row]}
            for row in range(count)
        ]

    def series(self, name: str) -> tuple[list[float], list[float]]:
        """Returns places and values of a column of the training curve, as `RunRecord.series` does."""
        names, count = self.curves[_CURVES[0]]
        if name not in names:
            return [], []
        start = names.index(name) * count
        column, there = self.values[start : start + count], self.there[start : start + count]
        places = self._places(names, count)
        if all(there):
            return places, list(column)
        kept = [row for row in range(count) if there[row]]
        return [places[row] for row in kept], [column[row] for row in kept]

    def _places(self, names: list[str], count: int) -> list[float]:
        for name in ("step", "epoch"):
            start = names.index(name) * count if name in names else None
            whole = start is not None and all(self.there[start : start + count])
            if whole and not (name == "epoch" and "passes" in names):
                return list(self.values[start : start + count])  # type: ignore[operator]
        rows = self.rows(_CURVES[0])
        axis = axis_of([rows])
        return [place_of(row, axis) for row in rows]
