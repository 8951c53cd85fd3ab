"""The folder of record files: where each is, which are there, and how one is read."""

from __future__ import annotations

import os
import re
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


class RecordFolder:
    """`records/<key[:2]>/<key>.json` below a store's root."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._folder = str(root / "records")  # a hundred thousand Paths take a while

    def path(self, key: str) -> Path:
        return Path(self._path(key))

    def signatures(self, keys: Iterable[str]) -> dict[str, Signature]:
        """The signatures of those records that are there, in the order of `keys`. No folder is listed."""
        found, folder = {}, self._folder
        for key in keys:
            if _is_key(key):
                try:
                    status = os.stat(f"{folder}/{key[:2]}/{key}.json")  # noqa: PTH116
                except FileNotFoundError:
                    continue
                found[key] = (status.st_mtime_ns, status.st_size, status.st_ino)
        return found

    def scan(self) -> dict[str, Signature]:
        """The signature of every record, sorted by key: one listing a folder, and no file is opened."""
        found = {}
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
            with open(path, "rb", buffering=0) as file:  # noqa: PTH123
                status = os.fstat(file.fileno())
                return (status.st_mtime_ns, status.st_size, status.st_ino), decode(file.readall(), path)
        except FileNotFoundError:
            return None
        except DamagedError as error:
            set_aside(Path(path), self.root / "quarantine", str(error))
            return None

    def _path(self, key: str) -> str:
        return f"{self._folder}/{key[:2]}/{key}.json"
