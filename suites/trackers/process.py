"""A tracker in a process of its own.

A library that mirrors over a network can hang where no exception gets out of it, in an exit hook too: with wandb's
service stopped, neither `Run.finish` nor the interpreter ends. A process can be left behind.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Mapping
from io import TextIOWrapper
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, cast

from filelock import FileLock, Timeout

from provbench.registry import TRACKERS, load_plugins
from provbench.registry.base import UserError

from .base import Tracker

_context = multiprocessing.get_context("spawn")

LOCK_SECONDS = 30.0
"""How long a tracker waits for another driver's to be done with the folder."""


class TrackerProcess:
    """The driver's end. Telling never waits; what went wrong is asked for."""

    def __init__(self, tracker: Tracker, folder: Path) -> None:
        self.name = tracker.name
        self.present = set(tracker.present(folder))
        self._unanswered = 1
        self._failure = ""
        self._answers, theirs = _context.Pipe(duplex=False)
        self._calls = _context.Queue()
        self._calls.cancel_join_thread()  # nor does the driver's end wait for a tracker that hangs
        self._process = _context.Process(
            target=_serve,
            args=(
                tracker.name,
                TRACKERS.entry(tracker.name).origin,
                tracker.params.model_dump(),
                folder,
                self._calls,
                theirs,
            ),
            daemon=True,
        )
        self._process.start()
        theirs.close()

    def tell(self, method: str, *arguments: Any) -> None:
        """Have `method` of the tracker called, after all that was told before."""
        self._unanswered += 1
        self._calls.put((method, arguments))

    def failure(self) -> str:
        """What went wrong so far; empty if nothing did."""
        while not self._failure and self._unanswered and self._answers.poll():
            self._receive()
        return self._failure

    def close(self, patience: float) -> str:
        """End the process once it has done everything, and say what went wrong.

        patience: how many seconds it may take over one thing.
        """
        self.tell("close")
        while not self._failure and self._unanswered:
            if self._answers.poll(patience):
                self._receive()
            else:
                self._failure = f"hangs (no answer for {patience:g} s)"
        self._process.kill()
        self._process.join()
        return self._failure

    def _receive(self) -> None:
        try:
            self._failure = self._answers.recv()
            self._unanswered -= 1
        except (EOFError, OSError):
            self._process.join()
            self._failure = f"died (exit code {self._process.exitcode})"


def leftovers(folder: Path) -> list[Path]:
    """What killed trackers left below the folder that has one folder for each of them. Imports no tracking library."""
    found: list[Path] = []
    for own in sorted(folder.iterdir()) if folder.is_dir() else ():
        if own.name in TRACKERS and not _is_at_work(own):
            found.extend(TRACKERS.get(own.name).leftovers(own))
    return found


def _is_at_work(folder: Path) -> bool:
    lock = _lock_file(folder)
    if not lock.exists():
        return False
    try:
        with FileLock(lock, timeout=0):
            return False
    except (Timeout, OSError):
        return True


def _lock_file(folder: Path) -> Path:
    return folder / ".lock"


def _serve(name: str, origin: str, params: Mapping[str, Any], folder: Path, calls: Any, answers: Connection) -> None:
    """Do what is told, and answer each call with an empty string, or the failure after which nothing more is done."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the driver's, which then closes this
    threading.Thread(target=_end_with_driver, daemon=True).start()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _print_into(folder / "log.txt")
        with FileLock(_lock_file(folder), timeout=LOCK_SECONDS):
            if name not in TRACKERS:
                load_plugins((origin,))
            tracker = TRACKERS.build(name, **params)
            method, arguments = "open", (folder,)
            while True:
                getattr(tracker, method)(*arguments)
                answers.send("")
                method, arguments = calls.get()
    except UserError as error:
        answers.send(f"failed: {error}")
    except Exception as error:
        answers.send(f"failed ({type(error).__name__}: {error})")


def _end_with_driver() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def _print_into(path: Path) -> None:
    """Send standard output and standard error, also those of child processes, to a file that is no link.

    Lines are written one by one, because this process is killed as soon as it has answered its last call.
    """
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o666)
    with os.fdopen(handle, "ab") as file:
        for stream in (sys.stdout, sys.stderr):
            os.dup2(file.fileno(), stream.fileno())
            cast(TextIOWrapper, stream).reconfigure(line_buffering=True)
