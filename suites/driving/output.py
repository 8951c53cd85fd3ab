"""Where everything lies in an output folder, and the folder's records as its one driver sees them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from provbench.registry.base import atomic_file
from provbench.results.store import RunRecord, Store


@dataclass(frozen=True)
class Output:
    """The output folder: one store for all suites, and a folder of its own for each suite's studies and tables."""

    root: Path

    @property
    def store(self) -> Store:
        return Store(self.root)

    @property
    def checkpoints(self) -> Path:
        return self.root / "checkpoints"

    @property
    def work(self) -> Path:
        return self.root / "work"

    @property
    def trackers(self) -> Path:
        return self.root / "trackers"

    def weights(self, key: str) -> Path:
        """A run's weights, one file an epoch."""
        return self.checkpoints / key

    def pictures(self, key: str) -> Path:
        """A run's pictures."""
        return self.root / "pictures" / key

    @property
    def suites(self) -> Path:
        return self.root / "suites"

    def suite(self, name: str) -> Path:
        return self.suites / name

    def journal(self, suite: str) -> Path:
        return self.suite(suite) / "studies.journal"

    def storage(self, suite: str, given: str | None = None) -> str:
        """Where a suite's studies are: as given, else where they were before, else in the suite's journal."""
        remembered = self._remembered(suite)
        if given is None and remembered.is_file():
            given = remembered.read_text(encoding="utf-8").strip()
        return given or str(self.journal(suite))

    def remember_storage(self, suite: str, given: str | None = None) -> str:
        """`storage`, which later commands then find from any folder, untold. A password is not written down."""
        location = self.storage(suite, given)
        if given is not None:
            from ..search import anchored, shown

            with atomic_file(self._remembered(suite)) as file:
                file.write(f"{shown(anchored(given))}\n".encode())
        return location

    def _remembered(self, suite: str) -> Path:
        return self.suite(suite) / "storage.txt"


class RecordCache:
    """What is in the store, read when it is asked for, and what its driver adds, which is not read again."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._added: dict[str, RunRecord] = {}

    def get(self, key: str) -> RunRecord | None:
        """The record of that key, without its predictions."""
        return self._added.get(key) or self._store.get(key)

    def put(self, record: RunRecord) -> None:
        self._store.put(record)
        self._added[record.key] = record.model_copy(update={"predictions": {}})  # ten thousand runs' do not fit memory
