"""The folder of record files: where each is, which are there, and how one is read."""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from .quarantine import set_aside
from .record import KEY_PATTERN, RunRecord
from .record_file import DamagedError, decode

Signature = tuple[int, int, int]
"""(mtime_ns, size, inode) of a file: what tells an unchanged one without opening it.

A record is replaced by renaming a new file, which has another inode, so that a change is seen however short after the
last one it comes.
"""

_is_key = re.compile(KEY_PATTERN).fullmatch


def _open_unlinked(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW)


class RecordFolder:
    """`records/<key[:2]>/<key>.json` below a store's root."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._folder = str(root / "records")  # a hundred thousand Paths take a while

    def path(self, key: str) -> Path:
        return Path(self._path(key))

    def signatures(self, keys: Iterable[str]) -> dict[str, Signature]:
        """The signatures of those records that are there, in the order of `keys`. No folder is listed."""
        found, real = {}, {}
        for key in keys:
            if _is_key(key):
                if key[:2] not in real:
                    real[key[:2]] = self._is_real(key)
                try:
                    status = os.lstat(self._path(key))
                except FileNotFoundError:
                    continue
                if real[key[:2]] and stat.S_ISREG(status.st_mode):
                    found[key] = (status.st_mtime_ns, status.st_size, status.st_ino)
        return found

    def scan(self) -> dict[str, Signature]:
        """The signature of every record, sorted by key: one listing a folder, and no file is opened."""
        found = {}
        if os.path.islink(self._folder):  # noqa: PTH114
            return found
        with suppress(FileNotFoundError), os.scandir(self._folder) as folders:
            for folder in folders:
                if len(folder.name) != 2 or not folder.is_dir(follow_symlinks=False):
                    continue
                with os.scandir(folder.path) as entries:
                    for entry in entries:
                        named = entry.name.endswith(".json") and entry.name.startswith(folder.name)
                        if named and _is_key(entry.name[:-5]) and entry.is_file(follow_symlinks=False):
                            try:
                                status = entry.stat()
                            except FileNotFoundError:
                                continue
                            found[entry.name[:-5]] = (status.st_mtime_ns, status.st_size, status.st_ino)
        return dict(sorted(found.items()))

    def load(self, key: str) -> RunRecord | None:
        """The record, fully checked; None if there is none, or if it is damaged, and then it is moved aside.

        What is a link or lies behind one is no record.

        Raises `UserError` where a newer provbench wrote it.
        """
        signed = self.load_signed(key)
        return signed and signed[1]

    def load_signed(self, key: str) -> tuple[Signature, RunRecord] | None:
        """The record as `load` gives it, and the signature of the file that it was read from."""
        if not _is_key(key):
            return None
        path = self._path(key)
        try:
            if not self._is_real(key):
                return None
            with open(path, "rb", buffering=0, opener=_open_unlinked) as file:
                status = os.fstat(file.fileno())
                return (status.st_mtime_ns, status.st_size, status.st_ino), decode(file.readall(), path)
        except FileNotFoundError:
            return None
        except OSError as error:
            if error.errno != errno.ELOOP:  # of a link
                raise
            return None
        except DamagedError as error:
            set_aside(Path(path), self.root / "quarantine", str(error))
            return None

    def _is_real(self, key: str) -> bool:
        """Returns whether the folder of a record is reached without a link."""
        return not any(map(os.path.islink, (self._folder, f"{self._folder}/{key[:2]}")))

    def _path(self, key: str) -> str:
        return f"{self._folder}/{key[:2]}/{key}.json"
