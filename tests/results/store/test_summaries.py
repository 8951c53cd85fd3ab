"""The summaries through the index: never another answer than the files', and rarely the files."""

from __future__ import annotations

import gc
import os
import shutil
import sqlite3
import warnings
from contextlib import closing
from math import inf, nan
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from provbench.results import Store, StoreWarning
from provbench.results.store.index import Index
from provbench.results.store.record import MAX_INTEGER, MAX_METRIC
from provbench.results.store.record_file import decode, encode
from provbench.results.store.record_folder import RecordFolder
from provbench.results.store.summaries import VERSION, Reader, pack, unpack

per_example = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
values = st.floats(-MAX_METRIC, MAX_METRIC) | st.sampled_from([nan, inf, -inf])
metrics = st.dictionaries(st.text(max_size=8), values, max_size=3)
whole = st.integers(-MAX_INTEGER, MAX_INTEGER)
plain = st.recursive(
    st.none() | st.booleans() | whole | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


class CountingFolder(RecordFolder):
    """Notes the records whose files it reads, and the folders that it lists."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.read: list[str] = []
        self.scans = 0

    def load_signed(self, key: str):
        self.read.append(key)
        return super().load_signed(key)

    def scan(self):
        self.scans += 1
        return super().scan()


@pytest.fixture
def store(tmp_path: Path, make_record) -> Store:
    store = Store(tmp_path)
    for key in ("aa1", "ab1", "ab2"):
        store.put(make_record(key))
    return store


@pytest.fixture
def folder(store: Store) -> CountingFolder:
    return CountingFolder(store.root)


@pytest.fixture
def index(store: Store) -> Index:
    return Index(store.root / "index.sqlite", VERSION)


@per_example
@given(val=metrics, seconds=values, parameters=st.dictionaries(st.text(max_size=8), plain), seed=whole)
def test_what_is_unpacked_is_what_validation_gives(make_record, val, seconds, parameters, seed) -> None:
    written = make_record(val=val, test=val, seconds=seconds, parameters=parameters, seed=seed)
    record = decode(encode(written), Path("records/aa/aa00.json"))
    summary = unpack(pack(record))
    assert list(vars(summary)) == list(type(summary).model_fields)
    for name, value in vars(summary).items():
        assert repr(value) == repr(getattr(record, name))  # where NaN equals NaN, and 1 does not equal 1.0


def test_a_summary_is_a_model_like_any_other(make_record) -> None:
    summary = unpack(pack(make_record()))
    assert summary == unpack(pack(make_record()))
    assert summary.model_copy(update={"method": "other"}).method == "other"
    assert summary.method == "cutmix"
    with pytest.raises(ValueError, match="frozen"):
        summary.method = "other"  # pyright: ignore[reportAttributeAccessIssue]


def test_files_are_read_once(folder: CountingFolder, index: Index) -> None:
    assert Reader(folder, index).keys() == ["aa1", "ab1", "ab2"]
    assert folder.read == ["aa1", "ab1", "ab2"]
    folder.read.clear()
    assert [run.key for run in Reader(folder, index).all()] == ["aa1", "ab1", "ab2"]
    assert folder.read == []


def test_asking_for_keys_lists_no_folder_and_reads_no_other(folder: CountingFolder, index: Index) -> None:
    reader = Reader(folder, index, ["ab2", "zz9", "aa1", "ab2", "../aa1"])
    assert reader.keys() == ["ab2", "aa1"]
    assert folder.read == ["ab2", "aa1"]
    assert folder.scans == 0
    assert len(list(index.rows())) == 2


def test_only_what_changed_is_read_again(store: Store, folder: CountingFolder, index: Index, make_record) -> None:
    store.put(make_record("ac1", status="failed", test={}, reason="NaN loss"))
    Reader(folder, index)
    folder.read.clear()
    store.put(make_record("ac1", attempt=2))
    store.put(make_record("zz1"))
    (store.root / "records" / "ab" / "ab1.json").unlink()
    reader = Reader(folder, index)
    assert folder.read == ["ac1", "zz1"]
    assert reader.keys() == ["aa1", "ab2", "ac1", "zz1"]
    changed = reader.get("ac1")
    assert changed is not None
    assert changed.attempt == 2
    assert sorted(key for key, *_ in index.rows()) == reader.keys()


def test_a_replacement_of_the_same_size_and_time_is_seen(store: Store, folder, index: Index, make_record) -> None:
    path = store.root / "records" / "aa" / "aa1.json"
    Reader(folder, index)
    before = path.stat()
    other = path.with_name("new")
    other.write_bytes(encode(make_record("aa1", test={"accuracy": 99.5})))
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
    other.replace(path)
    assert path.stat().st_size == before.st_size
    found = Reader(folder, index, ["aa1"]).get("aa1")
    assert found is not None
    assert found.test == {"accuracy": 99.5}


def test_a_reader_shows_what_was_there_when_it_was_made(store: Store, make_record) -> None:
    reader = store.reader()
    store.put(make_record("ac1"))
    assert reader.get("ac1") is None
    assert "ac1" in store
    assert len(reader) == 3


def test_an_interrupted_reading_is_not_lost(folder: CountingFolder, index: Index, monkeypatch) -> None:
    monkeypatch.setattr("provbench.results.store.summaries.BATCH", 2)
    load = folder.load_signed

    def stopped(key: str):
        if key == "ab2":
            raise KeyboardInterrupt
        return load(key)

    monkeypatch.setattr(folder, "load_signed", stopped)
    with pytest.raises(KeyboardInterrupt):
        Reader(folder, index)
    monkeypatch.setattr(folder, "load_signed", load)
    folder.read.clear()
    assert len(Reader(folder, index)) == 3
    assert folder.read == ["ab2"]


def test_a_damaged_index_changes_no_answer(store: Store, index: Index) -> None:
    expected = store.summaries()
    for damage in (
        "UPDATE records SET data = x'7b7d'",
        "UPDATE records SET mtime = 1",
        "DELETE FROM records",
        "DROP TABLE records",
    ):
        with closing(sqlite3.connect(index.path)) as database, database:
            database.execute(damage)
        for _ in range(2):
            assert store.summaries() == expected
    index.path.write_bytes(b"noise" * 1000)
    assert store.summaries() == expected
    index.path.unlink()
    assert store.summaries() == expected


def test_a_copied_store_reads_its_own_files(store: Store, tmp_path_factory, make_record) -> None:
    expected = store.summaries()
    copy = tmp_path_factory.mktemp("copy") / "runs"
    shutil.copytree(store.root, copy)
    assert Store(copy).summaries() == expected


def test_a_record_damaged_after_it_was_indexed_is_absent(store: Store, make_record) -> None:
    store.keys()
    path = store.root / "records" / "ab" / "ab1.json"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.warns(StoreWarning, match="ab1"):
        assert store.reader().get("ab1") is None
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert store.keys() == ["aa1", "ab2"]
        store.put(make_record("ab1"))
        assert store.keys() == ["aa1", "ab1", "ab2"]


def test_the_garbage_collector_is_left_as_it_was(store: Store) -> None:
    assert gc.isenabled()
    store.summaries()
    assert gc.isenabled()
    gc.disable()
    try:
        store.summaries()
        assert not gc.isenabled()
    finally:
        gc.enable()
