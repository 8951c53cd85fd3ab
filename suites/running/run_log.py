"""Output of a run, kept in a file of its own beside what the terminal shows."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

MOST = 5_000_000
"""Bytes of a log; what is printed beyond them is shown and not kept."""


class RunLog:
    """A file that is made when something is written to it. Where it cannot be written, nothing is kept."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self._begun = False
        self._room = MOST

    def write(self, text: str) -> None:
        if self.path is None or not text or self._room <= 0:
            return
        if not self._begun:
            self._begun = True
            now = datetime.now(UTC).isoformat(timespec="seconds")
            text = f"== attempt of {now}, process {os.getpid()}\n{text}"
        self._room -= len(text)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("a", encoding="utf-8", errors="backslashreplace") as file:
                file.write(text if self._room > 0 else f"{text}\n[… more was printed …]\n")
        except OSError:
            self.path = None

    def failure(self, error: BaseException) -> None:
        """Keeps the whole traceback of what ended the run."""
        self.write("".join(traceback.format_exception(error)))


class _Tee:
    """A stream that also writes to a log."""

    def __init__(self, stream: TextIO, log: RunLog) -> None:
        self._stream, self._log = stream, log

    def write(self, text: str) -> int:
        self._log.write(text)
        return self._stream.write(text)

    def writelines(self, lines: Any) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def logged(path: Path | None) -> Iterator[RunLog]:
    """While the body runs, what this process prints, warnings among it, is also kept in a file, and the whole traceback
    of an error that ends it; None: in none.
    """
    log = RunLog(path)
    if path is None:
        yield log
        return
    streams = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = _Tee(streams[0], log), _Tee(streams[1], log)  # pyright: ignore[reportAttributeAccessIssue]
    try:
        yield log
    except Exception as error:
        log.failure(error)
        raise
    finally:
        sys.stdout, sys.stderr = streams
