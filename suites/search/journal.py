"""The journal of a suite's studies in the hands of its driver."""

from __future__ import annotations

import glob
import json
import os
from pathlib import Path
from typing import Any

from optuna.storages import BaseStorage, JournalStorage
from optuna.storages.journal import JournalFileBackend, JournalFileSymlinkLock
from optuna.storages.journal._file import get_lock_file

from provbench.registry.base import sync_folder, write_errors

from .storage import is_url, journal_file, open_storage

GRACE_SECONDS = 5
"""Age at which a lock that a killed process left on the journal is broken; writers hold it for a moment only."""


def open_to_write(location: str) -> BaseStorage:
    """Opens the driver's storage: as `open_storage`, but a journal is a `DriverJournal`."""
    return open_storage(location) if is_url(location) else DriverJournal(journal_file(Path(location)))


def sync(storage: BaseStorage) -> None:
    """Make durable what was written; a database does so by itself. Raises `UserError` where the disk is full."""
    if isinstance(storage, DriverJournal):
        storage.lines.sync()


def leftovers(file: Path) -> list[Path]:
    """Returns the files that a killed driver may leave next to a journal: its lock, and a link, also under the name
    that frees it.
    """
    return [path for path in file.parent.glob(f"{glob.escape(file.name)}.lock*") if path.name != file.name]


class DriverJournal(JournalStorage):
    """Optuna's journal, made durable where `sync` is called instead of at every line: an ask is one fsync and not five.

    `tools/bench/orchestration.py search` (300 random trials) drives 32 to 43 trials a second with it, and 16 to 23 with
    Optuna's own, of whose time three fifths are asks.

    A line is handed to the operating system at once, so a killed driver loses none. A power failure may take those
    after the last `sync`. What a machine that went down in the middle of a line left of it is cut off.
    """

    def __init__(self, file: Path) -> None:
        self.lines = _Lines(file)
        super().__init__(self.lines)


class _Lines(JournalFileBackend):
    """The file. What it writes is whole or not there, also when the disk is full, which is a `UserError`."""

    def __init__(self, file: Path) -> None:
        self.file = file.absolute()  # where the lock is a broken link, Optuna waits for it without end
        self._unsynced = not file.exists()
        left = Path(f"{self.file}.lock")
        with write_errors(file):
            if left.is_symlink() and not left.exists():
                left.unlink(missing_ok=True)
            super().__init__(str(self.file), JournalFileSymlinkLock(str(self.file), GRACE_SECONDS))
            with get_lock_file(self._lock):
                _cut_torn_line(self.file)
            sync_folder(file.parent)

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        rest = memoryview("".join(json.dumps(log, separators=(",", ":")) + "\n" for log in logs).encode())
        with write_errors(self.file), get_lock_file(self._lock), self.file.open("ab", buffering=0) as file:
            before = file.seek(0, os.SEEK_END)
            try:
                while rest:
                    rest = rest[file.write(rest) :]
            except OSError:
                file.truncate(before)
                raise
        self._unsynced = True

    def sync(self) -> None:
        if self._unsynced:
            with write_errors(self.file), self.file.open("ab") as file:
                os.fsync(file.fileno())
            self._unsynced = False


def _cut_torn_line(path: Path) -> None:
    """Optuna skips a last line without an end, and would write the next one behind it, which makes both unreadable."""
    with path.open("r+b") as file:
        position = file.seek(0, os.SEEK_END)
        end = position
        while position > 0:
            start = max(0, position - 65536)
            file.seek(start)
            found = file.read(position - start).rfind(b"\n")
            if found >= 0:
                position = start + found + 1
                break
            position = start
        if position < end:
            file.truncate(position)
