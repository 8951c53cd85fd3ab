from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pandas.testing
import pytest

from provbench.results import Store, StoreWarning
from provbench.results.store.export import beside, export_curves, export_predictions, export_runs
from provbench.results.store.table_files import FORMATS


@pytest.fixture
def store(tmp_path: Path, make_record) -> Store:
    """Three runs that agree in little."""
    store = Store(tmp_path / "runs")
    test = {
        "id": np.array(["a", "Ω"]),
        "boxes": np.arange(8, dtype=np.float32).reshape(2, 4),
        "n": np.array([1, 2], np.int8),
    }
    val = {"id": np.array(["c", "=d", "e"]), "n": np.array([2**40, 1, 2])}
    store.put(
        make_record(
            "aa00",
            parameters={"lr": 1 / 3, "size": 2**60, "mask": "provenance", "mode": "auto", "layers": [3, 4]},
            val={"accuracy": 1 / 3, "auc": float("nan")},
            test={"accuracy": float("inf")},
            predictions={"test": test, "val": val},
        )
    )
    store.put(make_record("ab00", parameters={"lr": 1, "mode": 3}, curve=[], dirty=True, predictions={"test": val}))
    store.put(make_record("ac00", status="failed", reason='bad, "very"\nbad', val={}, test={}, parameters={}))
    return store


def read(path: Path) -> pd.DataFrame:
    if path.suffix == ".parquet":
        return pd.read_parquet(path)
    if path.suffix == ".csv":
        return pd.read_csv(path, float_precision="round_trip")
    return pd.read_json(path, lines=True, precise_float=True, dtype=False)  # pyright: ignore[reportArgumentType]


def test_runs_come_back_from_parquet(store: Store, tmp_path: Path) -> None:
    assert export_runs(store, tmp_path / "runs.parquet") == 3
    found, frame = read(tmp_path / "runs.parquet"), store.frame()
    text = ["param/layers", "param/mode"]
    pandas.testing.assert_frame_equal(found.drop(columns=text), frame.drop(columns=text))
    assert found["param/mode"].tolist()[:2] == ['"auto"', "3"]
    assert found["param/layers"].tolist()[:1] == ["[3,4]"]
    assert str(found["param/size"].dtype) == "Int64"
    assert found["param/size"][0] == 2**60
    assert str(found["seed"].dtype) == "int64"


@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
def test_runs_come_back_from_text(store: Store, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"runs{suffix}"
    assert export_runs(store, path) == 3
    found, frame = read(path), store.frame()
    assert list(found.columns) == list(frame.columns)
    for name in ("key", "method", "status", "seed", "dirty", "attempt", "steps"):
        assert found[name].tolist() == frame[name].tolist()
    for name in ("val/accuracy", "val/auc", "test/accuracy", "param/lr"):
        np.testing.assert_array_equal(found[name].astype(float), frame[name])
    assert found["reason"].tolist()[2] == 'bad, "very"\nbad'


def test_json_lines_hold_parameters_as_they_are(store: Store, tmp_path: Path) -> None:
    export_runs(store, tmp_path / "runs.jsonl")
    first, second, third = (json.loads(line) for line in (tmp_path / "runs.jsonl").read_bytes().splitlines())
    assert (first["param/layers"], first["param/mode"], first["param/size"]) == ([3, 4], "auto", 2**60)
    assert (second["param/layers"], second["param/mode"], second["dirty"]) == (None, 3, True)
    assert (third["val/accuracy"], first["val/auc"], first["test/accuracy"]) == (None, None, "Infinity")


@pytest.mark.parametrize("suffix", FORMATS)
def test_curves_are_long(store: Store, tmp_path: Path, suffix: str, make_record) -> None:
    store.put(make_record("ad00", curve=[{"epoch": 7, "b": float("nan"), "a": 1 / 3}, {"epoch": 8, "a": -1.0}]))
    path = tmp_path / f"curves{suffix}"
    assert export_curves(store, path) == 2 + 2 + 3  # ab00 has none, ac00 has two
    found = read(path)
    assert list(found.columns) == ["key", "task", "method", "phase", "seed", "epoch", "name", "value"]
    last = found.query("key == 'ad00'")
    assert last["name"].tolist() == ["a", "b", "a"]
    assert last["epoch"].tolist() == [7, 7, 8]
    np.testing.assert_array_equal(last["value"].astype(float), [1 / 3, np.nan, -1.0])
    if suffix == ".parquet":
        assert (str(found["epoch"].dtype), str(found["seed"].dtype)) == ("Int64", "int64")


@pytest.mark.parametrize("suffix", FORMATS)
def test_curves_of_many_records_are_written_in_parts(store: Store, tmp_path: Path, suffix: str, monkeypatch) -> None:
    whole, parts = tmp_path / f"whole{suffix}", tmp_path / f"parts{suffix}"
    export_curves(store, whole)
    monkeypatch.setattr("provbench.results.store.export.BATCH", 1)
    export_curves(store, parts)
    pandas.testing.assert_frame_equal(read(whole), read(parts))


def test_predictions_keep_their_types_in_parquet(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "predictions.parquet"
    assert export_predictions(store, path) == 2 + 3 + 3
    found = pd.read_parquet(path, dtype_backend="pyarrow")
    assert list(found.columns) == ["key", "split", "sample", "pred/boxes", "pred/id", "pred/n"]
    assert found["key"].tolist() == ["aa00"] * 5 + ["ab00"] * 3
    assert found["split"].tolist() == ["test"] * 2 + ["val"] * 3 + ["test"] * 3
    assert found["sample"].tolist() == [0, 1, 0, 1, 2, 0, 1, 2]
    assert found["pred/id"].tolist() == ["a", "Ω", "c", "=d", "e", "c", "=d", "e"]
    assert str(found["pred/n"].dtype) == "int64[pyarrow]"
    assert found["pred/n"].tolist() == [1, 2, 2**40, 1, 2, 2**40, 1, 2]
    assert [list(boxes) for boxes in found["pred/boxes"][:2]] == [[0, 1, 2, 3], [4, 5, 6, 7]]
    assert found["pred/boxes"].isna().tolist() == [False] * 2 + [True] * 6


def test_predictions_as_text(store: Store, tmp_path: Path) -> None:
    for suffix in (".csv", ".jsonl"):
        assert export_predictions(store, tmp_path / f"p{suffix}") == 8
    lines = (tmp_path / "p.csv").read_text().splitlines()
    assert lines[0] == "key,split,sample,pred/boxes,pred/id,pred/n"
    assert lines[1] == 'aa00,test,0,"[0.0,1.0,2.0,3.0]",a,1'
    assert lines[4] == "aa00,val,1,,'=d,1"
    first = json.loads((tmp_path / "p.jsonl").read_text().splitlines()[0])
    assert first["pred/boxes"] == [0.0, 1.0, 2.0, 3.0]


def test_predictions_that_agree_in_nothing_are_text(tmp_path: Path, make_record) -> None:
    store = Store(tmp_path / "runs")
    store.put(make_record("aa00", predictions={"test": {"x": np.array([[1, 2]]), "y": np.array(["a"])}}))
    store.put(make_record("ab00", predictions={"test": {"x": np.array([0.5]), "y": np.array([3])}}))
    export_predictions(store, tmp_path / "p.parquet")
    found = read(tmp_path / "p.parquet")
    assert found["pred/x"].tolist() == ["[1.0,2.0]", "0.5"]
    assert found["pred/y"].tolist() == ["a", "3"]


def test_damaged_predictions_are_left_out(store: Store, tmp_path: Path) -> None:
    path = store.root / "predictions" / "aa" / "aa00.val.npz"
    path.write_bytes(path.read_bytes()[:50])
    with pytest.warns(StoreWarning, match="aa00.val.npz"):
        assert export_predictions(store, tmp_path / "p.parquet") == 5


def test_predictions_without_a_record_are_not_exported(store: Store, tmp_path: Path) -> None:
    (store.root / "records" / "aa" / "aa00.json").unlink()
    assert export_predictions(store, tmp_path / "p.csv") == 3


@pytest.mark.parametrize("suffix", FORMATS)
def test_nothing_makes_an_empty_table(tmp_path: Path, suffix: str) -> None:
    store = Store(tmp_path / "runs")
    for export in (export_runs, export_curves, export_predictions):
        assert export(store, tmp_path / f"{export.__name__}{suffix}") == 0
    if suffix == ".parquet":
        assert list(read(tmp_path / "export_predictions.parquet").columns) == ["key", "split", "sample"]


def test_other_tables_lie_beside_the_first() -> None:
    assert beside(Path("a/b.c.csv"), "curves") == Path("a/b.c-curves.csv")
