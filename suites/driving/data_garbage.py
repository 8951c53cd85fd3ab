"""Garbage in a data root: leftovers of killed processes, as their writers define them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from provbench.benchmarks.common import decoded_files, leftovers as generated_leftovers
from provbench.registry import TASKS
from provbench.registry.base import STALE_SECONDS, derived_folders, digest_leftovers

from ..executors import data_leftovers as node_leftovers
from ..planning import damaged_sets, synthetic_leftovers
from .garbage import DAY_SECONDS, Garbage, last_touched, weighed

UNUSED_SECONDS = 30 * DAY_SECONDS
"""Decoded images that no run has used for so long can go."""


def find_data_garbage(
    data_root: Path, quarantine: bool = False, decoded: bool = False, now: float | None = None
) -> list[Garbage]:
    """Returns what can go of a data root and of the folders for what is derived from it. Removes nothing.

    That is what has been untouched for an hour and belongs to no process at work: data sets and synthetic sets are
    never among it. quarantine: whether damaged synthetic sets that were set aside are. decoded: whether all decoded
    images are, also those that a run has used in the last 30 days.
    """
    now = time.time() if now is None else now
    found = [weighed("temporary", path) for path in dict.fromkeys(_leftovers(data_root)) if _is_stale(path, now)]
    aside = damaged_sets(data_root) if quarantine else []
    pixels = decoded_files(data_root, 0.0 if decoded else UNUSED_SECONDS, now)
    return [*found, *(weighed("decoded", path) for path in pixels), *(weighed("quarantine", path) for path in aside)]


def _leftovers(data_root: Path) -> Iterator[Path]:
    for place in derived_folders(data_root):
        yield from generated_leftovers(place)
    for folder in (data_root, data_root / "synthetic"):
        yield from digest_leftovers(folder)
    for name in TASKS.names():
        yield from TASKS.get(name).leftovers(data_root)
    yield from synthetic_leftovers(data_root)
    yield from node_leftovers(data_root)


def _is_stale(path: Path, now: float) -> bool:
    with suppress(FileNotFoundError):
        return now - last_touched(path) > STALE_SECONDS
    return False
