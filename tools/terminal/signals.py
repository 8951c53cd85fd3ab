"""Handling of the signals that end the command line."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

AGAIN_SECONDS = 0.05
"""Time until a signal that came while Python drops exceptions comes again."""
HEEDED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def ending_on_signals() -> Iterator[None]:
    """While the body runs, the first of `HEEDED` ends it by an exception, so that all that is open is closed properly.

    That is `KeyboardInterrupt` for Ctrl-C, and else `SystemExit` with 128 + the signal's number, as shells have it. A
    second signal ends the process at once, and its workers with it. A signal that is ignored stays so, as under nohup.
    """
    before: dict[signal.Signals, Any] = {number: signal.getsignal(number) for number in HEEDED}
    handler = _Handler()
    try:
        for number, previous in before.items():
            if previous != signal.SIG_IGN:
                signal.signal(number, handler)
        yield
    finally:
        for number, previous in before.items():
            if previous is not None:  # one that Python did not set cannot be set again
                signal.signal(number, previous)


def signal_of(code: object) -> str:
    """The name of the signal that an exit code tells of; empty for any other code."""
    return next((number.name for number in HEEDED if code == 128 + number), "")


class _Handler:
    def __init__(self) -> None:
        self.ending = False

    def __call__(self, number: int, frame: FrameType | None) -> None:
        if self.ending:
            os._exit(128 + number)
        if _drops_exceptions(frame):
            threading.Timer(AGAIN_SECONDS, os.kill, (os.getpid(), number)).start()
            return
        self.ending = True
        if number == signal.SIGINT:
            raise KeyboardInterrupt
        raise SystemExit(128 + number)


def _drops_exceptions(frame: FrameType | None) -> bool:
    """Returns whether Python may be in a finalizer or a weak reference's callback, where exceptions come to nothing."""
    while frame is not None:
        code = frame.f_code
        if code.co_name == "__del__" or Path(code.co_filename).name in ("weakref.py", "_weakrefset.py"):
            return True
        frame = frame.f_back
    return False
