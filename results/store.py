"""Where run records are kept. The store is the truth: tables, reports and trackers are made from it."""

from __future__ import annotations

import json
import re
import warnings
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from zipfile import BadZipFile

from ..registry.errors import UserError
from .atomic import atomic_file, make_folder, remove_stale, write_errors
from .index import Index
from .record import KEY_PATTERN, RunRecord
from .recordfile import DamagedError, decode, decode_fields, encode

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

T = TypeVar("T")

LOCK_SECONDS = 60.0


class StoreWarning(UserWarning):
    """A file of the store was damaged, and moved aside."""


class Store:
    """Run records and their predictions, one file each, below a folder.

        records/<key[:2]>/<key>.json                the record and its checksum, as `recordfile` describes
        predictions/<key[:2]>/<key>.<split>.npz     one array a column, one row a sample
        quarantine/                                 damaged files, moved aside with a `StoreWarning`
        index.sqlite                                a cache; may be deleted

    Files appear complete or not at all, and a record after its predictions. A record whose checksum is wrong counts as
    absent, so that its run is run again. Several processes may read and write at once. Reading needs no write access,
    and a folder that does not exist is an empty store.
    """

    def __init__(self, root: Path) -> None:
        if root.exists() and not root.is_dir():
            raise UserError(f"{root}: is a file, and a store is a folder: choose another path")
        self.root = root
        self._index = Index(root / "records", root / "index.sqlite")
        for folder in ("records", "predictions"):
            remove_stale(root / folder)

    def put(self, record: RunRecord) -> None:
        """Store a run's record and predictions.

        A `failed` or `pruned` record is replaced by whatever a later attempt leaves. A `done` one never changes: the
        same outcome again is accepted and leaves the first record as it is; another outcome, or a failure, raises
        `UserError`. So does a disk that is full or read-only; nothing partial is left then.
        """
        path = self._record_path(record.key)
        with write_errors(path), self._lock():
            existing = self.get(record.key)
            if existing is not None and existing.status == "done":
                _check_repetition(existing, record, path)
                return
            for split, columns in record.predictions.items():
                self._put_predictions(record.key, split, columns)
            with atomic_file(path) as file:
                file.write(encode(record))

    def get(self, key: str) -> RunRecord | None:
        """The record of that key, without its predictions; None if there is none, or if its file is damaged."""
        return self._load(key, decode) if re.fullmatch(KEY_PATTERN, key) else None

    def predictions(self, key: str, split: str) -> dict[str, np.ndarray] | None:
        """The run's predictions on a split, one array a column; None if there are none, or if the file is damaged."""
        import numpy as np

        if not (re.fullmatch(KEY_PATTERN, key) and split.isalpha()):
            return None
        path = self._predictions_path(key, split)
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as columns:
                return {name: columns[name] for name in columns.files}
        except FileNotFoundError:
            return None
        except _UNREADABLE as error:
            self._quarantine(path, f"not a readable npz file ({type(error).__name__}: {error})")
            return None

    def keys(self) -> list[str]:
        """The keys of all records, sorted."""
        return [fields["key"] for fields in self._all(decode_fields)]

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and self.get(key) is not None

    def records(self, keys: Iterable[str] | None = None) -> list[RunRecord]:
        """All records sorted by key, or those of `keys` in their order; keys without a record are left out."""
        return self._all(decode, keys)

    def frame(self, keys: Iterable[str] | None = None) -> pd.DataFrame:
        """One row a record, in the order of `records`.

        Columns: the record's plain fields by their name, then `param/NAME`, `val/NAME` and `test/NAME`; NaN or None
        where a record has no such parameter or metric.
        """
        import pandas as pd

        rows = [_row(fields) for fields in self._all(decode_fields, keys)]
        plain = [name for name, field in RunRecord.model_fields.items() if name not in _NESTED and not field.exclude]
        nested = sorted({name for row in rows for name in row}.difference(plain), key=_column_order)
        return pd.DataFrame({name: [row.get(name) for row in rows] for name in (*plain, *nested)})

    def _all(self, parse: Callable[[bytes, Path | str], T], keys: Iterable[str] | None = None) -> list[T]:
        contents = self._index.contents()
        names = contents if keys is None else [name for key in keys if (name := f"{key}.json") in contents]
        folder = str(self.root / "records")
        found = []
        for name in names:
            try:
                found.append(parse(contents[name], f"{folder}/{name[:2]}/{name}"))  # ten thousand Paths take a while
            except DamagedError:
                self._index.forget(name)
                reread = self._load(name.removesuffix(".json"), parse)  # maybe the index is what is damaged
                found.extend([] if reread is None else [reread])
        return found

    def _load(self, key: str, parse: Callable[[bytes, Path | str], T]) -> T | None:
        path = self._record_path(key)
        try:
            return parse(path.read_bytes(), path)
        except FileNotFoundError:
            return None
        except DamagedError as error:
            self._quarantine(path, str(error))
            return None

    def _put_predictions(self, key: str, split: str, columns: dict[str, np.ndarray]) -> None:
        import numpy as np

        with atomic_file(self._predictions_path(key, split)) as file:
            np.savez_compressed(file, **columns)

    def _quarantine(self, path: Path, reason: str) -> None:
        folder = self.root / "quarantine"
        target = folder / path.name
        number = 1
        while target.exists():
            number += 1
            target = folder / f"{path.name}.{number}"
        try:
            make_folder(folder)
            path.replace(target)
            fate = f"moved to {target}"
        except OSError as error:
            fate = f"left where it is, since it cannot be moved ({error.strerror})"
        warnings.warn(f"{path}: {reason}; {fate}, and counts as absent", StoreWarning, stacklevel=4)

    @contextmanager
    def _lock(self) -> Iterator[None]:
        from filelock import FileLock, Timeout

        make_folder(self.root)
        path = self.root / ".store.lock"
        try:
            with FileLock(path, timeout=LOCK_SECONDS):
                yield
        except Timeout as error:
            raise UserError(f"{path}: another process has held this lock for {LOCK_SECONDS:.0f} s; end it") from error

    def _record_path(self, key: str) -> Path:
        return Path(self.root, "records", key[:2], f"{key}.json")

    def _predictions_path(self, key: str, split: str) -> Path:
        return Path(self.root, "predictions", key[:2], f"{key}.{split}.npz")


_NESTED = ("parameters", "identity", "val", "test", "curve", "versions")
"""Fields of a record that are no columns of a frame."""

_UNREADABLE = (BadZipFile, ValueError, KeyError, EOFError, TypeError, zlib.error)
"""What numpy raises, depending on where an npz file is damaged."""


def _row(fields: dict[str, Any]) -> dict[str, Any]:
    row = {name: value for name, value in fields.items() if name not in _NESTED}
    row.update((f"param/{name}", value) for name, value in fields["parameters"].items())
    for split in ("val", "test"):
        row.update((f"{split}/{name}", float(value)) for name, value in fields[split].items())
    return row


def _column_order(name: str) -> tuple[int, str]:
    return ("param", "val", "test").index(name.partition("/")[0]), name


def _check_repetition(existing: RunRecord, record: RunRecord, path: Path) -> None:
    """Raise `UserError` unless both have the same outcome."""
    # as JSON, where NaN equals NaN
    before, after = (json.loads(run.model_dump_json(include=set(run.outcome))) for run in (existing, record))
    for name in before:
        if before[name] != after[name]:
            raise UserError(
                f"{path}: this run is done, and a finished record is never replaced. Its repetition has another "
                f"{name}: {after[name]!r:.200} instead of {before[name]!r:.200}. If the same parameters are meant to "
                "give other results now, raise the version of the plugin that changed; or use another folder."
            )
