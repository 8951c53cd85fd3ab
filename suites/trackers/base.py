"""The tracker contract."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from pathlib import Path

from provbench.registry import Plugin
from provbench.results.store import RunRecord

from ..planning import RunSpec


class Tracker(Plugin, ABC):
    """Mirrors records and tables to a service. What it receives twice must be there once.

    All but `present` and `leftovers` is called in a process of its own (`process.py`), where a library may be slow,
    hang or crash: no run ever waits for it. What it prints goes to `log.txt` in its folder.
    """

    def present(self, folder: Path) -> Collection[str]:
        """Keys of the records that are wholly there. They are not sent again when a suite is resumed.

        folder: as for `open`; it need not exist. Called once, in the driver, before `open`: import nothing heavy here,
        and list the folder once rather than once a key.
        """
        return ()

    @classmethod
    def leftovers(cls, folder: Path) -> Collection[Path]:
        """Returns what a killed tracker left in its folder and the next one removes. Called while none is at work."""
        return ()

    @abstractmethod
    def open(self, folder: Path) -> None:
        """Begin. folder: the tracker's own, below the output folder; nobody else writes there meanwhile."""

    @abstractmethod
    def log(self, spec: RunSpec, record: RunRecord, pictures: Sequence[Path]) -> None:
        """Mirror a record, in place of what is there under its key.

        spec: the run under the names that the suite at hand gives it. record: without its predictions. pictures: PNG
        files, sorted by name; may be empty.
        """

    def tables(self, suite: str, files: Sequence[Path]) -> None:
        """Mirror a suite's rendered tables, at its end. files: each table in each format, as `NAME.md`, `NAME.csv` …"""

    def close(self) -> None:
        """Nothing more comes."""
