"""Many files that become durable together, for fewer waits for the disk than one after the other takes."""

from __future__ import annotations

import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO

from .atomic import sync_folder, temporary_beside, write_errors

THREADS = 8
"""Files that wait for the disk at once: a file system writes what several wait for in one go."""


class FileBatch:
    """Files that are either complete or not there, as with `atomic_file`, put in place by `commit`.

    `commit` first makes the content of all files durable, under temporary names; then it gives each its name; then it
    makes the folders durable, new ones from the top down. After a power failure each file has its old content or the
    new one, and every file of a batch whose `commit` has returned is there. Use as a context manager, which removes
    the temporary files of what was not committed.
    """

    def __init__(self) -> None:
        self._staged: list[tuple[Path, Path]] = []
        self._folders: dict[Path, None] = {}
        self.bytes = 0
        """Number of bytes of the content that waits."""

    def __enter__(self) -> FileBatch:
        return self

    def __exit__(self, *error: object) -> None:
        for temporary, _ in self._staged:
            temporary.unlink(missing_ok=True)
        self._staged.clear()

    def add(self, path: Path, content: IO[bytes]) -> None:
        """Takes the content of a file that `commit` puts at `path`. Raises `UserError` as `atomic_file` does."""
        with write_errors(path):
            self._make(path.parent)
            temporary = temporary_beside(path)
            try:
                with temporary.open("xb") as file:
                    shutil.copyfileobj(content, file)
            except BaseException:
                temporary.unlink(missing_ok=True)
                raise
        self._staged.append((temporary, path))
        self.bytes += temporary.stat().st_size

    def commit(self) -> None:
        """Makes all files durable in their places. Raises `UserError` as `atomic_file` does."""
        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(_sync, self._staged))
        for temporary, path in self._staged:
            with write_errors(path):
                temporary.replace(path)
        list(map(sync_folder, self._folders))
        self._staged.clear()
        self._folders.clear()
        self.bytes = 0

    def _make(self, folder: Path) -> None:
        if not folder.is_dir():
            self._make(folder.parent)
            folder.mkdir(exist_ok=True)
            self._folders[folder.parent] = None
        self._folders[folder] = None


def _sync(staged: tuple[Path, Path]) -> None:
    temporary, path = staged
    with write_errors(path):
        handle = os.open(temporary, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
