"""A packed copy of many small files, because opening ten thousand of them takes longer than reading them."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, suppress
from pathlib import Path

SCHEMA_VERSION = 1
COLUMNS = "name TEXT PRIMARY KEY, mtime INTEGER, size INTEGER, data BLOB"
TIMEOUT_SECONDS = 30.0

Signature = tuple[int, int]
"""(mtime_ns, size) of a file: what tells an unchanged one without opening it."""


class Index:
    """The contents of the `*.json` files in `folder/<first two letters of the name>/`, packed in one SQLite file.

    The files are the truth. The index is brought up to date at every reading, by name, modification time and size; it
    may be deleted at any time, and one that is missing, damaged or of another version is made anew. Where it cannot be
    written (a read-only disk, a full one, another process that holds it too long) the files are read one by one.
    It holds bytes and knows nothing of what they mean: the reader checks them as it would check the files'.
    """

    def __init__(self, folder: Path, path: Path) -> None:
        self.folder = folder
        self.path = path

    def contents(self) -> dict[str, bytes]:
        """Every file's content by the file's name, sorted by name."""
        files = dict(sorted(self._scan()))
        if not files:
            return {}
        for _ in range(2):
            try:
                return self._through(files)
            except sqlite3.OperationalError:
                break  # it cannot be opened, written or waited for
            except sqlite3.DatabaseError:
                with suppress(OSError):
                    self.path.unlink(missing_ok=True)
        return self._each(files, {})

    def forget(self, name: str) -> None:
        """Read this file anew next time."""
        with suppress(sqlite3.Error), closing(self._connect()) as database:
            database.execute("DELETE FROM files WHERE name = ?", (name,))

    def _through(self, files: dict[str, Signature]) -> dict[str, bytes]:
        with closing(self._connect()) as database:
            rows = database.execute("SELECT name, mtime, size FROM files")
            known: dict[str, Signature] = {name: (mtime, size) for name, mtime, size in rows}
            changed = [name for name, signature in files.items() if known.get(name) != signature]
            gone = [name for name in known if name not in files]
            if changed or gone:
                rows = ((name, *files[name], data) for name in changed if (data := self._content(name)) is not None)
                database.execute("BEGIN IMMEDIATE")
                database.executemany("DELETE FROM files WHERE name = ?", ((name,) for name in gone))
                database.executemany("INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?)", rows)
                database.execute("COMMIT")
            packed = dict(database.execute("SELECT name, data FROM files"))
        return self._each(files, packed)

    def _connect(self) -> sqlite3.Connection:
        # No journal file: a process that deletes a damaged index must not leave a journal that another then replays
        # into the new one. A crash at the wrong moment damages the index, which is what deleting it is for.
        database = sqlite3.connect(self.path, timeout=TIMEOUT_SECONDS, isolation_level=None)
        try:
            database.execute("PRAGMA journal_mode = MEMORY")
            database.execute("PRAGMA synchronous = OFF")
            if not _is_current(database):
                database.execute("BEGIN IMMEDIATE")
                if not _is_current(database):  # no other process made it in the meantime
                    database.execute("DROP TABLE IF EXISTS files")
                    database.execute(f"CREATE TABLE files ({COLUMNS})")
                    database.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
                database.execute("COMMIT")
        except BaseException:
            database.close()
            raise
        return database

    def _scan(self) -> Iterator[tuple[str, Signature]]:
        """Name and signature of every file: one listing a folder, and no file is opened."""
        with suppress(FileNotFoundError), os.scandir(self.folder) as folders:
            for folder in folders:
                if len(folder.name) != 2 or not folder.is_dir():
                    continue
                with os.scandir(folder.path) as entries:
                    for entry in entries:
                        if entry.name.endswith(".json") and entry.name.startswith(folder.name):
                            with suppress(FileNotFoundError):
                                status = entry.stat()
                                yield entry.name, (status.st_mtime_ns, status.st_size)

    def _each(self, files: Iterable[str], packed: Mapping[str, bytes]) -> dict[str, bytes]:
        """The files' contents, from the index where it has them."""
        found = ((name, packed[name] if name in packed else self._content(name)) for name in files)
        return {name: data for name, data in found if data is not None}

    def _content(self, name: str) -> bytes | None:
        """The file's content; None if it vanished since it was listed."""
        with suppress(FileNotFoundError):
            return Path(self.folder, name[:2], name).read_bytes()
        return None


def _is_current(database: sqlite3.Connection) -> bool:
    return database.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)
