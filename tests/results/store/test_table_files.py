from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from provbench.registry import UserError
from provbench.results.store.frame import column
from provbench.results.store.table_files import FORMATS, TableFile, as_text, table_file

per_example = settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
text = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=6)
values = st.one_of(
    st.lists(st.none() | st.integers(-(2**63), 2**63 - 1), max_size=4),
    st.lists(st.none() | st.floats(allow_nan=False), max_size=4),
    st.lists(st.none() | st.booleans(), max_size=4),
    st.lists(st.none() | text, max_size=4),
    st.lists(st.none() | st.booleans() | st.integers() | text | st.lists(st.integers(), max_size=2), max_size=4),
)


def write(path: Path, *frames: pd.DataFrame) -> None:
    with table_file(path) as table:
        for frame in frames:
            table.write(frame)


def without_gaps(found: Any) -> list[Any]:
    return [None if gap else value for value, gap in zip(found.tolist(), found.isna(), strict=True)]


@per_example
@given(values=values)
def test_parquet_comes_back_with_its_types(tmp_path: Path, values: list[Any]) -> None:
    frame = pd.DataFrame({"a": column(values)})
    write(tmp_path / "a.parquet", frame)
    found = pd.read_parquet(tmp_path / "a.parquet")["a"]
    assert without_gaps(found) == (values if _of_one_type(values) else without_gaps(as_text(frame)["a"]))
    if frame["a"].dtype.kind in "iufb":
        assert found.dtype == frame["a"].dtype


def _of_one_type(values: list[Any]) -> bool:
    large = any(isinstance(value, int) and not -(2**63) <= value < 2**63 for value in values)
    return not large and {type(value) for value in values if value is not None} in ({bool}, {int}, {float}, {str})


@per_example
@given(values=values)
def test_json_lines_hold_the_values_themselves(tmp_path: Path, values: list[Any]) -> None:
    write(tmp_path / "a.jsonl", pd.DataFrame({"a": column(values)}))
    found = [json.loads(line)["a"] for line in (tmp_path / "a.jsonl").read_bytes().splitlines()]
    words = {"Infinity": float("inf"), "-Infinity": float("-inf")}
    assert [words.get(value, value) if isinstance(value, str) else value for value in found] == values


@per_example
@given(values=values)
def test_csv_holds_numbers_exactly_and_text_without_formulas(tmp_path: Path, values: list[Any]) -> None:
    frame = pd.DataFrame({"a": column(values), "row": range(len(values))})
    write(tmp_path / "a.csv", frame)
    kind = frame["a"].dtype.kind
    options: dict[str, Any] = {"dtype": {"a": str(frame["a"].dtype)}}
    if kind not in "iufb":
        options = {"dtype": {"a": "str"}, "keep_default_na": False}
    found = pd.read_csv(tmp_path / "a.csv", float_precision="round_trip", **options)["a"].tolist()
    assert len(found) == len(values)
    for back, value, plain in zip(found, values, as_text(frame)["a"], strict=True):
        if value is None:
            assert pd.isna(back) or back == ""
        elif kind in "iufb":
            assert back == value
        else:
            assert back in (_lines(plain), f"'{_lines(plain)}")
            assert not back.lstrip().startswith(("=", "@"))


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def test_a_column_of_several_types_is_json() -> None:
    assert as_text(pd.DataFrame({"a": column([2**63, 1])}))["a"].tolist() == ["9223372036854775808", "1"]
    mixed = as_text(pd.DataFrame({"a": column([1, "1", None, [2, "x"], True, {"b": None}])}))["a"]
    assert without_gaps(mixed) == ["1", '"1"', None, '[2,"x"]', "true", '{"b":null}']


@pytest.mark.parametrize("formula", ["=1+1", "+cmd()", "-cmd()", "@sum(a)", "\t=1"])
def test_formulas_are_defused_in_csv_alone(tmp_path: Path, formula: str) -> None:
    frame = pd.DataFrame({"method": [formula, "fine"]})
    for suffix in FORMATS:
        write(tmp_path / f"a{suffix}", frame)
    assert pd.read_csv(tmp_path / "a.csv")["method"].tolist() == [f"'{formula}", "fine"]
    assert pd.read_parquet(tmp_path / "a.parquet")["method"][0] == formula
    assert json.loads((tmp_path / "a.jsonl").read_text().splitlines()[0])["method"] == formula


def test_negative_numbers_are_no_formulas(tmp_path: Path) -> None:
    write(tmp_path / "a.csv", pd.DataFrame({"a": column([-1, "auto"]), "b": column([-0.5, -2.0])}))
    assert (tmp_path / "a.csv").read_text() == 'a,b\n-1,-0.5\n"""auto""",-2.0\n'


@pytest.mark.parametrize("suffix", FORMATS)
def test_pieces_make_one_table(tmp_path: Path, suffix: str, monkeypatch) -> None:
    monkeypatch.setattr("provbench.results.store.table_files.ROWS", 3)
    path = tmp_path / f"a{suffix}"
    write(path, *(pd.DataFrame({"a": [number, number], "b": ["x", "y"]}) for number in range(5)))
    read = {
        ".parquet": pd.read_parquet,
        ".csv": pd.read_csv,
        ".jsonl": lambda path: pd.read_json(path, lines=True),
    }
    assert read[suffix](path)["a"].tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]


def _write_half(table: TableFile) -> None:
    table.write(pd.DataFrame({"a": [1]}))
    raise KeyError("no such column")


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_table_is_there_when_it_is_complete(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    path.write_text("before")
    with pytest.raises(KeyError, match="no such column"), table_file(path) as table:
        _write_half(table)
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", ["runs.xlsx", "runs", "runs.parquet.gz"])
def test_a_format_that_is_not_known_is_the_users_to_mend(tmp_path: Path, name: str) -> None:
    with pytest.raises(UserError, match=r"must say its format.*\.csv, \.jsonl, \.parquet"), table_file(tmp_path / name):
        pass
