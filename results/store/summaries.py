"""The summaries of many runs, through the index.

A record's file is decoded and checked in full once, when its summary goes into the index. From then on the summary is
parsed and not validated again, as long as the file has the signature that it had, the row has its digest, and the
index was filled by a program with the same schema. One `stat` a record is what it costs to know the first.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from zlib import crc32

from .index import Index, Row
from .record import SCHEMA_VERSION, RunRecord, RunSummary
from .record_folder import RecordFolder
from .tabled import SHARED, packed, summary_fields, tabled

BATCH = 1000
"""Records that are read before the index is written: what an interrupted reading loses."""

_NAMES = tuple(RunSummary.model_fields)
_NAMES_SET = set(_NAMES)  # one for all: a set of so many names is larger than the rest of a summary
_LEFT_OUT = set(RunRecord.model_fields) - _NAMES_SET
_NUMBERS = ("seconds", "seconds_per_step", "peak_memory_mb")

VERSION = crc32(repr((2, SCHEMA_VERSION, _NAMES, SHARED, sys.byteorder)).encode()) & 0x7FFFFFFF
"""Version of the index's rows: of the layout of the index, and of what `pack` makes."""


class Reader:
    """The summaries of a store's records as they were when it was made. Each is parsed when it is asked for.

    keys: the records to read; default: all. The `StoreWarning` for a damaged record comes when the reader is made.
    """

    def __init__(self, folder: RecordFolder, index: Index, keys: Iterable[str] | None = None) -> None:
        order = None if keys is None else list(dict.fromkeys(keys))
        wanted = folder.scan() if order is None else folder.signatures(order)
        packed: dict[str, bytes] = {}
        gone = []
        if wanted:
            for key, signature, data in index.rows(None if order is None else list(wanted)):
                if wanted.get(key) == signature:
                    packed[key] = data
                elif key not in wanted:
                    gone.append(key)
            missing = [key for key in wanted if key not in packed]
            for start in range(0, len(missing), BATCH):
                rows = _read(folder, missing[start : start + BATCH])
                index.save(rows)
                packed.update((key, data) for key, _, data in rows)
        if gone:
            index.forget(gone)
        self._packed = {key: packed[key] for key in wanted if key in packed}

    def get(self, key: str) -> RunSummary | None:
        """The summary of that key; None if there was no such record, or a damaged one."""
        data = self._packed.get(key)
        return None if data is None else unpack(data)

    def tabled(self, read: Callable[[str], RunRecord | None]) -> dict[str, RunRecord]:
        """Returns the records as tables need them, by key. read: reads a record for what no table shows."""
        with _no_garbage():
            return {key: tabled(_fields(data), data, read) for key, data in self._packed.items()}

    def all(self) -> list[RunSummary]:
        """Every summary, in the order of `keys`."""
        with _no_garbage():
            return list(self)

    def __iter__(self) -> Iterator[RunSummary]:
        return map(unpack, self._packed.values())

    def keys(self) -> list[str]:
        """Returns the keys in the order in which they were requested, else sorted."""
        return list(self._packed)

    def __len__(self) -> int:
        return len(self._packed)


@contextmanager
def _no_garbage() -> Iterator[None]:
    """Suspends the garbage collector, which visits every object again and again while a hundred thousand are made."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def pack(record: RunRecord) -> bytes:
    """The record's summary, for `unpack`."""
    return packed(record, _LEFT_OUT)


def unpack(data: bytes) -> RunSummary:
    """The summary that was packed. Nothing is validated: a record was, before it was packed."""
    fields = _fields(data)
    summary = RunSummary.__new__(RunSummary)
    summary.__setstate__(
        {
            "__dict__": fields,
            "__pydantic_fields_set__": _NAMES_SET,
            "__pydantic_extra__": None,
            "__pydantic_private__": None,
        }
    )
    return summary


def _fields(data: bytes) -> dict[str, Any]:
    fields = summary_fields(data)
    for name in _NUMBERS:
        fields[name] = float(fields[name])  # JSON has no NaN: it is text there
    for split in ("val", "test"):
        fields[split] = {name: float(value) for name, value in fields[split].items()}
    return fields


def _read(folder: RecordFolder, keys: Sequence[str]) -> list[Row]:
    signed = ((key, folder.load_signed(key)) for key in keys)
    return [(key, found[0], pack(found[1])) for key, found in signed if found is not None]
