"""The records of a store as its one driver sees them."""

from __future__ import annotations

from provbench.results.store import RunRecord, Store


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
