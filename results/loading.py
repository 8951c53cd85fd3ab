"""Opens an output folder in a program or a notebook."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from provbench.registry.base import UserError

from .store import RunRecord, Store

if TYPE_CHECKING:
    import pandas as pd


def load(runs: str | Path = "runs") -> pd.DataFrame:
    """Returns the records of an output folder as a frame, one row a run.

    Columns: the record's plain fields (`key`, `task`, `method`, `seed`, `phase`, `status`, …), then `param/NAME`,
    `val/NAME` and `test/NAME`. Metrics are in the units of the tables, NaN where a run has none of that name.

    runs: the folder that `provbench run` wrote to. Raises `UserError` where it has no records.
    """
    return _store(runs).frame()


def load_records(runs: str | Path = "runs") -> Iterator[RunRecord]:
    """Yields the records of an output folder whole, with their curves, in the order of their keys.

    runs: the folder that `provbench run` wrote to. Raises `UserError` where it has no records.
    """
    store = _store(runs)
    keys = store.keys()
    for key in keys:
        yield from store.records([key])


def _store(runs: str | Path) -> Store:
    folder = Path(runs)
    if not (folder / "records").is_dir():
        raise UserError(f"{folder}: has no records: name the output folder of a `provbench run` (its default is runs/)")
    return Store(folder)
