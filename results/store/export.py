"""The store as data tables, for pandas, R, DuckDB or a spreadsheet."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .artifacts import Artifacts
from .npz import npz_headers
from .record import RunRecord
from .record_file import DamagedError
from .store import Store
from .table_files import table_file

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import pyarrow as pa

BATCH = 500
"""Records whose curves are in memory at once."""


def beside(path: Path, what: str) -> Path:
    """`runs.csv`, `curves` → `runs-curves.csv`."""
    return path.with_name(f"{path.stem}-{what}{path.suffix}")


def export_runs(store: Store, path: Path) -> int:
    """Write the store's frame, one row a record, as `frame.make_frame` describes it; the number of rows."""
    frame = store.frame()
    with table_file(path) as table:
        table.write(frame)
    return len(frame)


def export_curves(store: Store, path: Path) -> int:
    """Write every value of every training curve as a row: `key task method phase seed epoch name value`."""
    keys, rows = store.keys(), 0
    with table_file(path) as table:
        for start in range(0, max(len(keys), 1), BATCH):
            frame = _curves(store.records(keys[start : start + BATCH]))
            table.write(frame)
            rows += len(frame)
    return rows


def export_predictions(store: Store, path: Path) -> int:
    """Write every sample's predictions as a row: `key split sample`, then a column `pred/NAME` for each array.

    sample counts from 0 in the order of the split. Arrays of one name have numpy's common type of them all; one with
    more than an entry a sample is lists (JSON text in CSV, and everywhere where runs differ in its dimensions); runs
    that have no such array have gaps.
    """
    artifacts, keys, rows = Artifacts(store.root), store.keys(), 0
    files = [file for key in keys for file in artifacts.predictions(key)]
    types = _types(store.root / file for file in files)
    with table_file(path, _schema(types)) as table:
        for file in [None, *files]:  # none: the columns, even if there are no rows
            frame = _samples(store, file, types)
            table.write(frame)
            rows += len(frame)
    return rows


def _curves(records: Iterable[RunRecord]) -> pd.DataFrame:
    import pandas as pd

    rows = [
        (run.key, run.task, run.method, run.phase, run.seed, entry.get("epoch"), name, value)
        for run in records
        for entry in run.curve
        for name, value in entry.items()
        if name != "epoch"
    ]
    frame = pd.DataFrame(rows, columns=["key", "task", "method", "phase", "seed", "epoch", "name", "value"])
    text = dict.fromkeys(("key", "task", "method", "phase", "name"), "string")
    return frame.astype({**text, "seed": "int64", "epoch": "Int64", "value": "float64"})


class _Type:
    """The common dtype and the dimensions of all arrays of one name."""

    def __init__(self) -> None:
        self.dtypes: set[np.dtype] = set()
        self.dimensions: set[int] = set()

    @property
    def text(self) -> bool:
        return len(self.dimensions) > 1 or self.dtype.kind not in "biufU"

    @property
    def dtype(self) -> np.dtype:
        import numpy as np

        return np.result_type(*self.dtypes)

    def arrow(self) -> pa.DataType:
        import pyarrow as pa

        if self.text:
            return pa.string()
        found = pa.string() if self.dtype.kind == "U" else pa.from_numpy_dtype(self.dtype)
        for _ in range(max(self.dimensions) - 1):
            found = pa.list_(found)
        return found

    def column(self, array: np.ndarray) -> list[Any]:
        from pydantic_core import to_json

        values = array.astype(self.dtype).tolist()
        return [to_json(value, fallback=str).decode() for value in values] if self.text else values


def _types(paths: Iterable[Path]) -> dict[str, _Type]:
    """Returns the types by name of the array, sorted. Only the headers are read."""
    types: defaultdict[str, _Type] = defaultdict(_Type)
    for path in paths:
        with suppress(DamagedError):  # reading its arrays moves it aside, and says so
            for name, shape, dtype in npz_headers(path):
                types[name].dtypes.add(dtype)
                types[name].dimensions.add(len(shape))
    return dict(sorted(types.items()))


def _schema(types: dict[str, _Type]) -> pa.Schema:
    import pyarrow as pa

    fixed = [("key", pa.string()), ("split", pa.string()), ("sample", pa.int64())]
    return pa.schema([*fixed, *((f"pred/{name}", kind.arrow()) for name, kind in types.items())])


def _samples(store: Store, file: Path | None, types: dict[str, _Type]) -> pd.DataFrame:
    import pandas as pd

    key, split = file.name.split(".")[:2] if file else ("", "")
    arrays = (file and store.predictions(key, split)) or {}
    count = len(next(iter(arrays.values()), ()))
    columns: dict[str, Any] = {"key": [key] * count, "split": [split] * count, "sample": range(count)}
    for name, kind in types.items():
        columns[f"pred/{name}"] = kind.column(arrays[name]) if name in arrays else [None] * count
    return pd.DataFrame({name: pd.Series(values, dtype="object") for name, values in columns.items()})
