"""A child process: started afresh, heard over a pipe, gone with its parent, and its end in words.

The pipe breaks when either side dies. The pools of the standard library and of loky (one dead worker breaks the pool),
pebble (no way back from a running task), torchrun and `torch.multiprocessing.spawn` (no reports, and the processes stay
when their parent is killed) do not offer this.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from typing import Any, Literal

_HINTS = {
    "SIGKILL": " (out of memory?)",
    "SIGBUS": " (shared memory full?)",
    "SIGXCPU": " (out of CPU time)",
    "SIGSEGV": " (its stack overflowed?)",
}
_PATIENCE = 10.0
"""Seconds that a process whose pipe is broken has to end."""


class Child:
    """A child process and its parent's end of the pipe. It runs `target(pipe, *arguments)`, all of them picklable.

    group: the child leads a process group, which dies with it and with the parent; without one, what the child starts
    must look after itself. daemon: the interpreter ends the child at exit instead of waiting for it; such a child may
    start no processes of multiprocessing. method: `forkserver` starts a small child in milliseconds.
    """

    def __init__(
        self,
        target: Callable[..., object],
        *arguments: Any,
        name: str,
        group: bool = False,
        daemon: bool = False,
        method: Literal["spawn", "forkserver"] = "spawn",
    ) -> None:
        context: Any = multiprocessing.get_context(method)
        self._group = group
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=_live, args=(theirs, group, target, arguments), name=name, daemon=daemon)
        self.process.start()
        theirs.close()

    def send(self, message: Any) -> None:
        """Sends a message. Nothing is raised for a dead child: that shows when the pipe is read."""
        with suppress(OSError):
            self.pipe.send(message)

    def death(self, patience: float = _PATIENCE) -> str:
        """Returns how the process ended, as a predicate: `was killed by SIGKILL (out of memory?)`."""
        self.process.join(patience)
        return ending(self.process.exitcode)

    def kill(self) -> None:
        """Ends the process, with its group if it leads one, and waits until it is gone."""
        self.pipe.close()
        if self._group:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid or 0, signal.SIGKILL)
        self.process.kill()  # should it not lead its group yet
        self.process.join()


def ending(code: int | None) -> str:
    """Returns an exit code of `multiprocessing` as a predicate; None is that of a process that still runs."""
    if code is None:
        return "stopped answering"
    if code >= 0:
        return f"ended by itself (exit code {code})"
    name = signal.Signals(-code).name
    return f"was killed by {name}{_HINTS.get(name, '')}"


def _live(pipe: Connection, group: bool, target: Callable[..., object], arguments: tuple[Any, ...]) -> None:
    if group:
        os.setpgrp()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    threading.Thread(target=_die_with_parent, args=(group,), daemon=True).start()
    os.register_at_fork(after_in_child=pipe.close)  # or the pipe would outlive this process in those that it forks
    target(pipe, *arguments)


def _die_with_parent(group: bool) -> None:
    """Waits for the parent's end, however it comes, and follows it."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    wait([parent.sentinel])
    if group:
        os.killpg(0, signal.SIGKILL)
    os._exit(1)
