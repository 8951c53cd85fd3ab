from __future__ import annotations

from typing import Any

import numpy as np
import pandas.testing
import pytest

from provbench.results.store.frame import column, make_frame


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        ([1, 2], "int64"),
        ([1, None], "Int64"),
        ([True, False], "bool"),
        ([True, None], "boolean"),
        ([0.5, None], "float64"),
        ([1, 0.5], "float64"),
        ([1, 0.5, None], "float64"),
        ([1, True], "object"),
        ([2**53 + 1, 0.5], "object"),
        ([2**63, 1], "object"),
        ([1, "auto"], "object"),
        ([[1], [2]], "object"),
        ([None, None], "object"),
    ],
)
def test_a_column_has_the_type_of_its_values(values: list[Any], dtype: str) -> None:
    found = column(values)
    assert str(found.dtype) == dtype
    assert [None if gap else value for value, gap in zip(found.tolist(), found.isna(), strict=True)] == values


def test_text_stays_text() -> None:
    found = column(["1", "", None, "NaN"])
    assert found.isna().tolist() == [False, False, True, False]
    assert found.tolist()[:2] == ["1", ""]


def test_a_row_for_each_run(make_record) -> None:
    runs = [
        make_record("aa00", parameters={"n": 1, "b": "x"}, val={"z": 1.0, "a": float("nan")}),
        make_record("ab00", parameters={"n": 2**60}, val={}, phase="search", seconds=float("nan")),
        make_record("ac00", parameters={"b": None}, val={"a": 2.0}, test={"t": float("inf")}),
    ]
    frame = make_frame(runs)
    names = list(frame.columns)
    assert names[names.index("fingerprint") + 1 :] == [
        "param/b",
        "param/n",
        "val/a",
        "val/z",
        "test/accuracy",
        "test/t",
    ]
    assert "identity" not in names
    assert "curve" not in names
    assert frame["key"].tolist() == ["aa00", "ab00", "ac00"]
    assert frame["param/n"].dropna().tolist() == [1, 2**60]
    np.testing.assert_array_equal(frame["val/a"], [np.nan, np.nan, 2.0])
    np.testing.assert_array_equal(frame["test/t"], [np.nan, np.nan, np.inf])
    assert frame["seed"].dtype == "int64"
    assert frame["dirty"].dtype == "bool"


def test_runs_are_taken_in_parts(make_record, monkeypatch) -> None:
    runs = [make_record(f"a{i}", parameters={f"p{i % 4}": i}, val={f"m{i % 3}": float(i)}) for i in range(7)]
    whole = make_frame(runs)
    for size in (1, 2, 7):
        monkeypatch.setattr("provbench.results.store.frame.CHUNK", size)
        pandas.testing.assert_frame_equal(make_frame(iter(runs)), whole)
    assert whole["param/p1"].dropna().tolist() == [1, 5]
    assert whole["val/m2"].isna().tolist() == [True, True, False, True, True, False, True]


def test_no_runs_make_an_empty_frame() -> None:
    frame = make_frame([])
    assert len(frame) == 0
    assert "key" in frame
