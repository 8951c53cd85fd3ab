"""The records of a store as its one driver sees them."""

from __future__ import annotations

import json

from ..results import Store
from ..results.record import RunRecord


class Known:
    """What was there at the start, read at once, and what the driver adds to it."""

    def __init__(self, store: Store) -> None:
        self._store, self._before = store, store
        self._added: dict[str, RunRecord] = {}

    def get(self, key: str) -> RunRecord | None:
        return self._added.get(key) or self._before.get(key)

    def put(self, record: RunRecord) -> None:
        self._store.put(record)
        self._added[record.key] = record


def same_outcome(one: RunRecord, other: RunRecord) -> bool:
    """Whether two runs came out the same to the last bit."""
    first, second = (json.dumps(record.outcome, sort_keys=True) for record in (one, other))  # where NaN equals NaN
    return first == second
