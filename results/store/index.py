"""A packed copy of what many small files say, because opening a hundred thousand of them takes a minute."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from hashlib import sha256
from pathlib import Path

from .record_folder import Signature

COLUMNS = "key TEXT PRIMARY KEY, mtime INTEGER, size INTEGER, inode INTEGER, digest BLOB, data BLOB"
SELECT = "SELECT key, mtime, size, inode, digest, data FROM records"
TIMEOUT_SECONDS = 30.0
CHUNK = 500
"""Keys a query asks for; old SQLite libraries take no more than 999."""
MANY = 0.2
"""Share of all rows above which a full scan is faster than key look-ups."""

Row = tuple[str, Signature, bytes]
"""A record's key, the signature of the file that was read, and what is kept of it."""

_PASSING = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_READONLY,
}
"""Errors that say nothing against the file. After any other one it is deleted."""


class Index:
    """Rows in one SQLite file, found by key.

    A cache: it may be deleted at any time. One that is damaged, or of another version, is deleted, and fills again. A
    row whose digest is wrong is left out. Where the file cannot be opened or written (a read-only disk, a full one,
    another process that holds it too long) there are no rows, and none are kept. It knows nothing of what the data
    mean, nor whether a row is still true: the signature says that.
    """

    def __init__(self, path: Path, version: int) -> None:
        self.path = path
        self.version = version
        self._at_rest = False

    def rows(self, keys: Sequence[str] | None = None) -> Iterator[Row]:
        """All rows, or those of `keys`, in any order."""
        self._at_rest = False
        with self._forgiving(), closing(self._connect()) as database:
            for key, mtime, size, inode, digest, data in _select(database, keys):
                if isinstance(key, str) and isinstance(data, bytes) and digest == _digest(key, data):
                    yield key, (mtime, size, inode), data

    def save(self, rows: Iterable[Row]) -> None:
        """Keep these rows, in the place of those with the same keys."""
        self._write(
            "INSERT OR REPLACE INTO records VALUES (?, ?, ?, ?, ?, ?)",
            ((key, *signature, _digest(key, data), data) for key, signature, data in rows),
        )

    def forget(self, keys: Iterable[str]) -> None:
        self._write("DELETE FROM records WHERE key = ?", ((key,) for key in keys))

    def _write(self, statement: str, values: Iterable[tuple]) -> None:
        if self._at_rest:
            return  # it has kept us waiting once
        with self._forgiving(), closing(self._connect()) as database:
            database.execute("BEGIN IMMEDIATE")
            database.executemany(statement, values)
            database.execute("COMMIT")

    @contextmanager
    def _forgiving(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            if getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF in _PASSING:
                self._at_rest = True
            else:
                self._discard()

    def _discard(self) -> None:
        with suppress(OSError):
            self.path.unlink(missing_ok=True)

    def _connect(self) -> sqlite3.Connection:
        database = self._open()
        if not self._is_current(database):
            database.close()
            self._discard()
            database = self._open()
        return database

    def _open(self) -> sqlite3.Connection:
        if self.path.is_symlink():
            raise sqlite3.DatabaseError("a link, and no index of ours")  # which is then deleted
        # No journal file: a process that deletes a damaged index must not leave a journal that another then replays
        # into the new one. A crash at the wrong moment damages the index, which is what deleting it is for.
        database = sqlite3.connect(self.path, timeout=TIMEOUT_SECONDS, isolation_level=None)
        try:
            database.execute("PRAGMA journal_mode = MEMORY")
            database.execute("PRAGMA synchronous = OFF")
            if _version(database) == 0:
                database.execute("BEGIN IMMEDIATE")
                database.execute(f"CREATE TABLE IF NOT EXISTS records ({COLUMNS})")
                database.execute(f"PRAGMA user_version = {self.version}")
                database.execute("COMMIT")
        except BaseException:
            database.close()
            raise
        return database

    def _is_current(self, database: sqlite3.Connection) -> bool:
        return _version(database) == self.version


def _version(database: sqlite3.Connection) -> int:
    return database.execute("PRAGMA user_version").fetchone()[0]


def _select(database: sqlite3.Connection, keys: Sequence[str] | None) -> Iterator[tuple]:
    (count,) = database.execute("SELECT max(rowid) FROM records").fetchone()
    if keys is None or len(keys) > MANY * (count or 0):
        wanted = None if keys is None else set(keys)
        rows = database.execute(SELECT)
        yield from rows if wanted is None else (row for row in rows if row[0] in wanted)
        return
    for start in range(0, len(keys), CHUNK):
        chunk = keys[start : start + CHUNK]
        places = ", ".join("?" * len(chunk))
        yield from database.execute(f"{SELECT} WHERE key IN ({places})", chunk)


def _digest(key: str, data: bytes) -> bytes:
    return sha256(b"%s\n%s" % (key.encode(), data)).digest()
