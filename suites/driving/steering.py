"""Requests to a driver that runs, as files in the output folder, by which other commands steer it."""

from __future__ import annotations

import json
import os
import platform
import signal
from contextlib import suppress
from pathlib import Path

from provbench.registry.base import HOLDER, UserError, atomic_file, describe_holder, is_held

FOLDER = "steering"
PAUSED, STOP, RETRY = "paused", "stop", "retry."


class Steering:
    """The requests as a driver sees them. A driver begins without any: those of a dead one's time are void."""

    def __init__(self, out: Path) -> None:
        self.folder = out / FOLDER

    def begin(self) -> None:
        """Forgets earlier requests."""
        for file in self.folder.glob("*") if self.folder.is_dir() else ():
            file.unlink(missing_ok=True)

    @property
    def paused(self) -> bool:
        """Returns whether no new run is to start."""
        return (self.folder / PAUSED).exists()

    def obey_stop(self) -> None:
        """Raises `SystemExit`, as SIGTERM does, where the driver is to stop."""
        if (self.folder / STOP).exists():
            raise SystemExit(128 + signal.SIGTERM)

    def retries(self) -> list[str]:
        """Returns the keys of runs to try again; each request is returned once."""
        found = []
        for file in sorted(self.folder.glob(f"{RETRY}*")):
            file.unlink(missing_ok=True)
            found.append(file.name.removeprefix(RETRY))
        return found


def pause(out: Path) -> None:
    """Lets the driver of an output folder start no new run. Raises `UserError` where none is at work."""
    _write(out, PAUSED)


def resume(out: Path) -> None:
    """Lets a paused driver go on. Raises `UserError` where none is at work, or it is not paused."""
    _require_driver(out)
    try:
        (out / FOLDER / PAUSED).unlink()
    except FileNotFoundError:
        raise UserError(f"{out}: the driver is not paused") from None


def retry(out: Path, key: str) -> None:
    """Has the driver try a run again that failed or was lost under it. Raises `UserError` where none is at work."""
    _write(out, f"{RETRY}{key}")


def stop(out: Path) -> None:
    """Ends the driver as SIGTERM does: what runs is resumed by the same command later.

    A driver on this machine is told at once, one elsewhere at its next validation. Raises `UserError` where none is at
    work.
    """
    _write(out, STOP)
    with suppress(OSError, ValueError, KeyError, TypeError):
        holder = json.loads((out / HOLDER).read_text(encoding="utf-8"))
        if holder["host"] == platform.node():
            os.kill(int(holder["pid"]), signal.SIGTERM)


def _write(out: Path, name: str) -> None:
    _require_driver(out)
    with atomic_file(out / FOLDER / name) as file:
        file.write(b"")


def _require_driver(out: Path) -> None:
    if not out.is_dir() or not is_held(out):
        raise UserError(f"{out}: no driver is at work here: `provbench run SUITE` starts one")
    if not describe_holder(out / HOLDER):
        raise UserError(f"{out}: what is at work here is no driver of a suite: wait until it has ended")
