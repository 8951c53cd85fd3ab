"""A tracker in a process of its own.

A library that mirrors over a network can hang where no exception gets out of it, in an exit hook too: with wandb's
service stopped, neither `Run.finish` nor the interpreter ends. A process can be left behind.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Mapping
from io import TextIOWrapper
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, cast

from provbench.registry import TRACKERS, load_plugins
from provbench.registry.base import Child, TakenError, UserError, held, is_held

from .base import Tracker

_context = multiprocessing.get_context("spawn")

LOCK_SECONDS = 30.0
"""Seconds that a tracker waits until another driver's tracker is done with the folder."""


class TrackerProcess:
    """The driver's end. Telling never waits; what went wrong is asked for."""

    def __init__(self, tracker: Tracker, folder: Path) -> None:
        self.name = tracker.name
        self.present = set(tracker.present(folder))
        self._unanswered = 1
        self._failure = ""
        self._calls = multiprocessing.get_context("spawn").Queue()
        self._calls.cancel_join_thread()  # nor does the driver's end wait for a tracker that hangs
        origin, params = TRACKERS.entry(tracker.name).origin, tracker.params.model_dump()
        self._child = Child(
            _serve, tracker.name, origin, params, folder, self._calls, name=f"provbench-{tracker.name}", daemon=True
        )

    def tell(self, method: str, *arguments: Any) -> None:
        """Has `method` of the tracker called, after all earlier calls."""
        self._unanswered += 1
        self._calls.put((method, arguments))

    def failure(self) -> str:
        """Returns the first failure so far; "" if there was none."""
        while not self._failure and self._unanswered and self._child.pipe.poll():
            self._receive()
        return self._failure

    def close(self, patience: float) -> str:
        """End the process once it has done everything, and say what went wrong.

        patience: how many seconds it may take over one thing.
        """
        self.tell("close")
        while not self._failure and self._unanswered:
            if self._child.pipe.poll(patience):
                self._receive()
            else:
                self._failure = f"hangs (no answer for {patience:g} s)"
        self._child.kill()
        return self._failure

    def _receive(self) -> None:
        try:
            self._failure = self._child.pipe.recv()
            self._unanswered -= 1
        except (EOFError, OSError):
            self._failure = f"died: its process {self._child.death()}"


def leftovers(folder: Path) -> list[Path]:
    """Returns what killed trackers left below the folder that has one folder for each of them. Imports no tracking
    library.
    """
    found: list[Path] = []
    for own in sorted(folder.iterdir()) if folder.is_dir() else ():
        if own.name in TRACKERS and not is_held(own):
            found.extend(TRACKERS.get(own.name).leftovers(own))
    return found


def _serve(answers: Connection, name: str, origin: str, params: Mapping[str, Any], folder: Path, calls: Any) -> None:
    """Executes the calls that it receives, and answers each with an empty string, or the failure after which nothing
    more is done.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _print_into(folder / "log.txt")
        with held(folder, LOCK_SECONDS):
            if name not in TRACKERS:
                load_plugins((origin,))
            tracker = TRACKERS.build(name, **params)
            method, arguments = "open", (folder,)
            while True:
                getattr(tracker, method)(*arguments)
                answers.send("")
                method, arguments = calls.get()
    except TakenError as holder:
        answers.send(f"failed: {folder}: another process is at work here{holder}")
    except UserError as error:
        answers.send(f"failed: {error}")
    except Exception as error:
        answers.send(f"failed ({type(error).__name__}: {error})")


def _print_into(path: Path) -> None:
    """Send standard output and standard error, also those of child processes, to a file that is no link.

    Lines are written one by one, because this process is killed as soon as it has answered its last call.
    """
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o666)
    with os.fdopen(handle, "ab") as file:
        for stream in (sys.stdout, sys.stderr):
            os.dup2(file.fileno(), stream.fileno())
            cast(TextIOWrapper, stream).reconfigure(line_buffering=True)
