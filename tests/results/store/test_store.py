"""What is put into a store is got back, once and for all, by one process or by several."""

from __future__ import annotations

import multiprocessing
import os
import stat
import sys
import warnings
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from provbench.registry import UserError
from provbench.results import Store, StoreWarning
from provbench.results.store.record import RunSummary

from .conftest import files


def test_what_is_put_is_got(store: Store, make_record) -> None:
    first, second = make_record("aa00"), make_record("ab00", val={"accuracy": float("-inf")}, test={})
    store.put(second)
    store.put(first)
    assert store.get("aa00") == first
    assert store.get("ab00") == second
    assert store.keys() == ["aa00", "ab00"]
    assert store.records() == [first, second]
    assert store.records(key for key in ("ab00", "zz99", "aa00")) == [second, first]
    assert "aa00" in store
    assert "aa01" not in store
    assert (store.root / "records" / "aa" / "aa00.json").is_file()


def test_a_folder_that_is_not_there_is_an_empty_store(store: Store) -> None:
    assert store.keys() == []
    assert store.records() == []
    assert store.get("aa00") is None
    assert store.predictions("aa00", "test") is None
    assert len(store.frame()) == 0
    assert not store.root.exists()


def test_a_file_is_no_store(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("mine")
    with pytest.raises(UserError, match="runs: is a file, and a store is a folder"):
        Store(tmp_path / "runs")


@pytest.mark.parametrize("key", ["../../secret", "aa00\n", "a", "", "aa/00", ".aa", "x" * 300])
def test_a_key_that_cannot_be_is_absent(store: Store, key: str) -> None:
    assert store.get(key) is None
    assert key not in store
    assert store.predictions(key, "test") is None
    assert store.predictions("aa00", "../test") is None
    assert store.records([key]) == []


class TestImmutability:
    def test_the_same_outcome_again_changes_nothing(self, store: Store, make_record) -> None:
        nan = {"accuracy": 71.5, "auc": float("nan")}
        store.put(make_record(test=nan, seconds=10.0))
        store.put(make_record(test=nan, seconds=12.0, started="2030-01-01"))
        record = store.get("aa00")
        assert record is not None
        assert record.seconds == 10.0

    @pytest.mark.parametrize(
        ("fields", "message"),
        [
            ({"test": {"accuracy": 71.6}}, r"another test: \{'accuracy': 71.6\} instead of \{'accuracy': 71.5\}"),
            ({"curve": []}, "another curve"),
            ({"status": "failed", "reason": "NaN loss"}, "another status: 'failed' instead of 'done'"),
        ],
    )
    def test_a_finished_record_is_not_replaced(self, store: Store, make_record, fields: dict, message: str) -> None:
        store.put(make_record())
        with pytest.raises(UserError, match=f"aa00.json: this run is done.*{message}"):
            store.put(make_record(**fields))
        assert store.get("aa00") == make_record()

    @pytest.mark.parametrize("status", ["failed", "pruned"])
    def test_an_unfinished_record_is_replaced(self, store: Store, make_record, status: str) -> None:
        store.put(make_record(status=status, reason="NaN loss", test={}))
        store.put(make_record(status="failed", reason="out of patience", test={}, attempt=2))
        store.put(make_record(attempt=3))
        assert store.get("aa00") == make_record(attempt=3)
        assert store.records() == [make_record(attempt=3)]


class TestPredictions:
    columns: ClassVar[dict[str, np.ndarray]] = {
        "id": np.array(["a", "bird", "Ω"]),
        "score": np.array([0.25, np.nan, 1.0], dtype=np.float32),
        "boxes": np.arange(12).reshape(3, 4),
    }

    def test_arrays_come_back_exactly(self, store: Store, make_record) -> None:
        store.put(make_record(predictions={"test": self.columns, "val": {"id": np.array([], dtype="U1")}}))
        found = store.predictions("aa00", "test")
        assert found is not None
        assert list(found) == list(self.columns)
        for name, column in self.columns.items():
            np.testing.assert_array_equal(found[name], column)
            assert found[name].dtype == column.dtype
        empty = store.predictions("aa00", "val")
        assert empty is not None
        assert empty["id"].shape == (0,)
        assert store.predictions("aa00", "train") is None

    def test_they_are_written_before_the_record(self, store: Store, make_record, monkeypatch) -> None:
        written = []
        replace = os.replace
        monkeypatch.setattr(os, "replace", lambda a, b: (written.append(Path(b).name), replace(a, b)))
        store.put(make_record(predictions={"test": self.columns}))
        assert written == ["aa00.test.npz", "aa00.json"]

    @pytest.mark.parametrize("keep", [0, 1, 40, -30])
    def test_a_torn_file_is_moved_aside(self, store: Store, make_record, keep: int) -> None:
        store.put(make_record(predictions={"test": self.columns}))
        path = store.root / "predictions" / "aa" / "aa00.test.npz"
        path.write_bytes(path.read_bytes()[:keep])
        with pytest.warns(StoreWarning, match="aa00.test.npz: not a readable npz file.*moved to .*quarantine"):
            assert store.predictions("aa00", "test") is None
        assert files(store, "quarantine") == ["aa00.test.npz"]
        assert store.get("aa00") is not None

    def test_a_pickle_is_not_read(self, store: Store, tmp_path: Path) -> None:
        class Evil:
            def __reduce__(self):
                return (Path.touch, (tmp_path / "executed",))

        folder = store.root / "predictions" / "aa"
        folder.mkdir(parents=True)
        np.savez(folder / "aa00.test.npz", evil=np.array([Evil()], dtype=object))
        with pytest.warns(StoreWarning, match="pickle"):
            assert store.predictions("aa00", "test") is None
        assert not (tmp_path / "executed").exists()


def test_opening_a_store_looks_at_no_record(store: Store, make_record, monkeypatch) -> None:
    store.put(make_record())

    def listed(*_: object) -> None:
        raise AssertionError("a folder was listed")

    for name in ("scandir", "listdir", "walk"):
        monkeypatch.setattr(os, name, listed)
    assert Store(store.root).get("aa00") == make_record()


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_reading_needs_no_write_access(store: Store, make_record) -> None:
    store.put(make_record())
    folders = [store.root, *(path for path in store.root.rglob("*") if path.is_dir())]
    for folder in folders:
        folder.chmod(stat.S_IRUSR | stat.S_IXUSR)
    try:
        assert Store(store.root).records() == [make_record()]
        assert Store(store.root).keys() == ["aa00"]
    finally:
        for folder in folders:
            folder.chmod(stat.S_IRWXU)


def _put_many(root: Path, records: list, answers) -> None:
    store = Store(root)
    refused = 0
    for record in records:
        try:
            store.put(record)
        except UserError:
            refused += 1
        store.keys()
    answers.put(refused)


@pytest.mark.skipif(sys.platform != "linux", reason="needs fork")
def test_two_processes_may_put_and_read_at_once(store: Store, make_record) -> None:
    """Own keys, keys that both finish alike, and one whose outcome the two disagree on: the first one stays."""
    context = multiprocessing.get_context("fork")
    answers = context.Queue()
    shared = [make_record(f"ee{i:02}", predictions={"test": {"id": np.array(["a"])}}) for i in range(20)]
    workers = []
    for name in "ab":
        own = [make_record(f"{name}{i:03}", seed=i) for i in range(20)]
        contested = make_record("ff00", test={"accuracy": float(ord(name))})
        records = [record for pair in zip(own, shared, strict=True) for record in pair]
        workers.append(context.Process(target=_put_many, args=(store.root, [*records, contested], answers)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # fork, where another test has started threads
        for worker in workers:
            worker.start()
    refused = [answers.get(timeout=30) for _ in workers]
    for worker in workers:
        worker.join(timeout=30)
        assert worker.exitcode == 0
    assert sorted(refused) == [0, 1]
    assert len(store.keys()) == 61
    assert len(store.records()) == 61
    assert not list(store.root.rglob("*.tmp"))
    assert not (store.root / "quarantine").exists()


def test_a_frame_has_one_row_a_record(store: Store, make_record) -> None:
    store.put(make_record("aa00", seed=3, versions={"torch": "2.11"}))
    store.put(
        make_record("ab00", status="failed", reason="NaN loss", val={"auc": float("nan")}, test={}, parameters={"b": 1})
    )
    frame = store.frame()
    assert frame["key"].tolist() == ["aa00", "ab00"]
    assert frame["seed"].tolist() == [3, 0]
    assert frame["status"].tolist() == ["done", "failed"]
    names = list(frame.columns)
    assert names[names.index("fingerprint") + 1 :] == [
        "param/b",
        "param/cutmix.prob",
        "param/lr",
        "param/model",
        "val/accuracy",
        "val/auc",
        "test/accuracy",
    ]
    assert frame["test/accuracy"][0] == 71.5
    assert frame.isna()[["val/accuracy", "val/auc", "test/accuracy"]].to_numpy().tolist() == [
        [False, True, False],
        [True, True, True],
    ]
    assert store.frame(["ab00", "zz00"])["reason"].tolist() == ["NaN loss"]


def test_summaries_are_the_records_without_their_curves(store: Store, make_record) -> None:
    records = [make_record("aa00", test={"auc": float("-inf")}), make_record("ab00", status="failed", test={})]
    for record in records:
        store.put(record)
    for _ in range(2):  # without the index, and through it
        assert [vars(run) for run in store.summaries()] == [
            {name: value for name, value in vars(record).items() if name in RunSummary.model_fields}
            for record in records
        ]
    assert [run.key for run in store.summaries(key for key in ("ab00", "zz99", "aa00", "../aa00"))] == ["ab00", "aa00"]


def test_sizes_are_by_folder(store: Store, make_record) -> None:
    store.put(make_record(predictions={"test": {"id": np.array(["a"])}}))
    store.keys()
    sizes = store.sizes()
    assert {"records", "predictions", "index", "other"} <= sizes.keys()
    assert sizes["records"] == (store.root / "records" / "aa" / "aa00.json").stat().st_size


def test_a_superseded_record_is_kept_with_its_predictions(store: Store, make_record) -> None:
    columns = {"id": np.array(["a", "b"]), "correct": np.array([True, False])}
    for number, score in enumerate((70.0, 71.0), start=1):
        record = make_record(test={"accuracy": score}, predictions={"test": columns})
        store.put(record)
        content = store.record_path("aa00").read_bytes()
        folder = store.supersede("aa00")
        assert folder == store.root / "superseded" / "aa00" / str(number)
        assert sorted(file.name for file in folder.iterdir()) == ["aa00.json", "aa00.test.npz"]
        assert (folder / "aa00.json").read_bytes() == content
        assert store.get("aa00") is None
        assert store.predictions("aa00", "test") is None
    store.put(make_record(test={"accuracy": 72.0}))
    assert [run.test["accuracy"] for run in store.summaries()] == [72.0]
