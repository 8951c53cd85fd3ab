"""Trackers that do as they are told, or something else."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Collection, Sequence
from pathlib import Path

from provbench.registry import TRACKERS
from provbench.results.store.record import RunRecord
from provbench.suites.planning.spec import RunSpec
from provbench.suites.trackers import Tracker


@TRACKERS.register("diary")
class Diary(Tracker):
    """Writes down every call."""

    def present(self, folder: Path) -> Collection[str]:
        return {path.stem for path in folder.glob("*.json")}

    def open(self, folder: Path) -> None:
        self._folder = folder
        self._note("open")

    def log(self, spec: RunSpec, record: RunRecord, pictures: Sequence[Path]) -> None:
        assert not record.predictions
        self._note(f"log {record.key}")
        told = {"suite": spec.suite, "cell": spec.cell, "test": record.test, "pictures": [str(p) for p in pictures]}
        (self._folder / f"{record.key}.json").write_text(json.dumps(told))

    def tables(self, suite: str, files: Sequence[Path]) -> None:
        self._note(f"tables {suite} {' '.join(file.name for file in files)}")

    def close(self) -> None:
        self._note("close")
        print("good night")

    def _note(self, line: str) -> None:
        with (self._folder / "diary.txt").open("a") as file:
            file.write(f"{line}\n")


@TRACKERS.register("failing")
class Failing(Diary):
    """Fails at the first record."""

    def log(self, spec: RunSpec, record: RunRecord, pictures: Sequence[Path]) -> None:
        raise ConnectionError("no route")


@TRACKERS.register("hanging")
class Hanging(Diary):
    """Never comes back from the first record."""

    def log(self, spec: RunSpec, record: RunRecord, pictures: Sequence[Path]) -> None:
        threading.Event().wait()


@TRACKERS.register("dying")
class Dying(Diary):
    """Takes its process with it."""

    def log(self, spec: RunSpec, record: RunRecord, pictures: Sequence[Path]) -> None:
        os._exit(7)


@TRACKERS.register("unreadable")
class Unreadable(Diary):
    """Cannot tell what is there."""

    def present(self, folder: Path) -> Collection[str]:
        raise PermissionError("no entry")


@TRACKERS.register("uninstalled")
class Uninstalled(Diary):
    """Needs a package that is missing."""

    def open(self, folder: Path) -> None:
        import no_such_package  # pyright: ignore[reportMissingImports, reportUnusedImport]  # noqa: F401
