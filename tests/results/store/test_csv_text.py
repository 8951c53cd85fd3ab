from __future__ import annotations

import csv
import io
import json

import numpy as np
import pandas as pd

from provbench.results.store.csv_text import columns_csv
from provbench.results.store.table_files import CsvFile

COLUMNS = {
    "id": np.array(["a.jpg", "=1+1", "</script>"]),
    "correct": np.array([True, False, True]),
    "iou": np.array([0.5, np.nan, 1 / 3]),
    "label": np.array([3, 1, 2]),
    "box": np.array([[1, 2], [3, 4], [5, 6]]),
}

ODD = {
    "text": np.array(["", ' "quoted", and more', "one\r\ntwo\rthree", "-1", " @x", "ä—字"]),
    "=name, of it": np.array([np.nan, np.inf, -np.inf, -0.0, 5e-324, 1e16]),
    "half": np.array([0.1, 2.5, np.nan, 1e-5, 6e4, 1.0], np.float16),
    "whole": np.array([0, 1, 2, 3, 4, 2**64 - 1], np.uint64),
    "boxes": np.array([[np.nan, np.inf]] * 6),
    "flags": np.array([[True, False]] * 6),
    "names": np.array([["=1", "b\r"]] * 6),
}


def by_pandas(columns: dict[str, np.ndarray]) -> bytes:
    file = io.BytesIO()
    CsvFile(file, None).write(pd.DataFrame({name: pd.Series(column.tolist()) for name, column in columns.items()}))
    return file.getvalue()


def test_all_samples_are_there_and_no_formula() -> None:
    lines = list(csv.DictReader(io.StringIO(columns_csv(COLUMNS).decode())))
    assert [line["id"] for line in lines] == ["a.jpg", "'=1+1", "</script>"]
    assert [line["correct"] for line in lines] == ["True", "False", "True"]
    assert json.loads(lines[2]["box"]) == [5, 6]
    assert float(lines[2]["iou"]) == 1 / 3


def test_the_bytes_are_those_of_pandas() -> None:
    rng = np.random.default_rng(0)
    doubles = rng.integers(0, 2**64, 2000, np.uint64).view(np.float64)
    singles = rng.integers(0, 2**32, 2000, np.uint32).view(np.float32)
    many = {"doubles": doubles, "singles": singles, "round": np.round(rng.random(2000) * 1e3, 2)}
    for columns in (COLUMNS, ODD, many, {}, {"a": np.array([""])}, {"a": np.zeros(0), "b": np.zeros((0, 2))}):
        assert columns_csv(columns) == by_pandas(columns)
