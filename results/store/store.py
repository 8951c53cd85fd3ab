"""The store of run records. It is the only source: tables, reports and trackers are made from it."""

from __future__ import annotations

import logging
import re
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from provbench.registry.base import (
    UserError,
    atomic_file,
    is_real,
    make_folder,
    remove_stale,
    sync_folder,
    write_errors,
)

from .frame import make_frame
from .index import Index
from .npz import read_npz
from .outcome import difference
from .quarantine import StoreWarning, set_aside
from .record import KEY_PATTERN, RunRecord, RunSummary
from .record_file import DamagedError, encode
from .record_folder import RecordFolder
from .sizes import folder_sizes
from .summaries import VERSION, Reader

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

__all__ = ["Store", "StoreWarning"]

logger = logging.getLogger(__name__)
LOCK_SECONDS = 60.0


class Store:
    """Run records and their predictions, one file each, below a folder.

        records/<key[:2]>/<key>.json                the record and its checksum, as `recordfile` describes
        predictions/<key[:2]>/<key>.<split>.npz     one array a column, one row a sample
        superseded/<key>/<number>/                  records that were replaced on demand, with their files
        quarantine/                                 damaged files, moved aside with a `StoreWarning`
        index.sqlite                                a cache of the summaries; may be deleted

    Files appear complete or not at all, and a record after its predictions. A record whose checksum is wrong counts as
    absent, so that its run is run again. Several processes may read and write at once. Reading needs no write access,
    and a folder that does not exist is an empty store.

    One record is read from its file (`get`, `records`), and checked in full each time. Many are read as summaries,
    without their curves, through the index (`summaries`, `frame`, `reader`).
    """

    def __init__(self, root: Path) -> None:
        if root.exists() and not root.is_dir():
            raise UserError(f"{root}: is a file, and a store is a folder: choose another path")
        self.root = root
        self._folder = RecordFolder(root)
        self._swept: set[Path] = set()

    @cached_property
    def _index(self) -> Index:
        return Index(self.root / "index.sqlite", VERSION)

    def put(self, record: RunRecord) -> None:
        """Store a run's record and predictions.

        A `failed` or `pruned` record is replaced by whatever a later attempt leaves. A `done` one never changes: the
        same outcome again is accepted and leaves the first record as it is; another outcome, or a failure, raises
        `UserError`. So do a disk that is full or read-only, and a folder of the store that is a link; nothing partial
        is left then.
        """
        path = self._folder.path(record.key)
        with write_errors(path), self.lock():
            for folder in ("records", "predictions"):
                self._require_real(f"{folder}/{record.key[:2]}")
            existing = self.get(record.key)
            if existing is not None and existing.status == "done":
                _check_repetition(existing, record, path)
                return
            for split, columns in record.predictions.items():
                self._put_predictions(record.key, split, columns)
            self.sweep(path.parent)
            with atomic_file(path) as file:
                file.write(encode(record))
            logger.debug("wrote the record %s", path)

    def supersede(self, key: str) -> Path:
        """Move a record and its predictions into a new folder below `superseded/<key>`, so that another can be put.

        A process that is killed meanwhile leaves the record in one of the two places. Returns the folder.
        """
        path = self._folder.path(key)
        with write_errors(path), self.lock():
            self._require_real(f"superseded/{key}")
            folder = _free_folder(self.root / "superseded" / key)
            beside = self._predictions_path(key, "*")
            predictions = sorted(beside.parent.glob(beside.name))
            for file in predictions:
                with file.open("rb") as old, atomic_file(folder / file.name) as new:
                    shutil.copyfileobj(old, new)
            path.rename(folder / path.name)
            sync_folder(folder)
            for file in predictions:
                file.unlink()
        return folder

    def get(self, key: str) -> RunRecord | None:
        """The record of that key, without its predictions; None if there is none, or if its file is damaged."""
        logger.debug("reads the record %s", key)
        return self._folder.load(key)

    def predictions(self, key: str, split: str) -> dict[str, np.ndarray] | None:
        """The run's predictions on a split, one array a column; None if there are none, or if the file is damaged."""
        if not (re.fullmatch(KEY_PATTERN, key) and split.isalpha()):
            return None
        path = self._predictions_path(key, split)
        if not is_real(self.root, path.relative_to(self.root)):
            return None
        try:
            return read_npz(path)
        except FileNotFoundError:
            return None
        except DamagedError as error:
            set_aside(path, self.root / "quarantine", str(error))
            return None

    def keys(self) -> list[str]:
        """The keys of all records, sorted."""
        return self.reader().keys()

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and self.get(key) is not None

    def records(self, keys: Iterable[str] | None = None) -> list[RunRecord]:
        """All records sorted by key, or those of `keys` in their order; keys without a record are left out."""
        loaded = map(self.get, self._folder.scan() if keys is None else keys)
        return [record for record in loaded if record is not None]

    def summaries(self, keys: Iterable[str] | None = None) -> list[RunSummary]:
        """Returns records as `records` does, without identities, versions and curves, and many times as fast. A key
        that is given twice counts once.
        """
        return self.reader(keys).all()

    def tabled(self, keys: Iterable[str]) -> dict[str, RunRecord]:
        """Returns the records of those of the keys that have one, as tables need them, through the index: what no table
        shows is read from a record's file when it is asked for.
        """
        return self.reader(keys).tabled(self.get)

    def reader(self, keys: Iterable[str] | None = None) -> Reader:
        """The summaries of all records, or of those of `keys`, as they are now; each is parsed when it is asked for."""
        return Reader(self._folder, self._index, keys)

    def frame(self, keys: Iterable[str] | None = None) -> pd.DataFrame:
        """One row a record, in the order of `records`, with the columns that `frame.make_frame` describes."""
        return make_frame(self.reader(keys))

    def sizes(self) -> dict[str, int]:
        """Bytes by folder, as `sizes.folder_sizes` describes."""
        return folder_sizes(self.root)

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Holds the lock that every writer of the store takes. Raises `UserError` if another process keeps it for too
        long.
        """
        from filelock import FileLock, Timeout

        make_folder(self.root)
        path = self.root / ".store.lock"
        try:
            with FileLock(path, timeout=LOCK_SECONDS):
                yield
        except Timeout as error:
            raise UserError(f"{path}: another process has held this lock for {LOCK_SECONDS:.0f} s; end it") from error

    def record_path(self, key: str) -> Path:
        """Returns the path of the record of that key, whether or not it exists."""
        return self._folder.path(key)

    def sweep(self, folder: Path) -> None:
        """Removes what killed processes left in a folder, before the first writing into it. No other folder is looked
        at.
        """
        if folder not in self._swept:
            remove_stale(folder)
            self._swept.add(folder)

    def _require_real(self, folder: str) -> None:
        """Raises `UserError` where what is written into a folder of the store would leave it through a link."""
        if not is_real(self.root, folder):
            raise UserError(f"{self.root / folder}: is or lies behind a link; remove it")

    def _put_predictions(self, key: str, split: str, columns: dict[str, np.ndarray]) -> None:
        import numpy as np

        path = self._predictions_path(key, split)
        self.sweep(path.parent)
        with atomic_file(path) as file:
            np.savez_compressed(file, **columns)  # pyright: ignore[reportArgumentType]

    def _predictions_path(self, key: str, split: str) -> Path:
        return Path(self.root, "predictions", key[:2], f"{key}.{split}.npz")


def _free_folder(parent: Path) -> Path:
    """A new folder below `parent`, the next number for a name."""
    number = 1
    while (parent / str(number)).exists():
        number += 1
    folder = parent / str(number)
    make_folder(folder)
    return folder


def _check_repetition(existing: RunRecord, record: RunRecord, path: Path) -> None:
    """Raise `UserError` unless both have the same outcome."""
    differs = difference(existing, record)
    if differs is not None:
        raise UserError(
            f"{path}: this run is done, and a finished record is never replaced. Its repetition has another "
            f"{differs.field}: {differs.other!r:.200} instead of {differs.one!r:.200}. If the same parameters are "
            "meant to give other results now, raise the version of the plugin that changed; or repeat it with --rerun."
        )
