"""Damaged files, full disks and what a killed process left do a store no harm."""

from __future__ import annotations

import errno
import os
import shutil
import time
import warnings
from pathlib import Path

import numpy as np
import pytest

from provbench.registry import UserError
from provbench.results import Store, StoreWarning

from .conftest import files


class TestDamage:
    @pytest.mark.parametrize(
        "damage",
        [
            lambda data: data[: len(data) // 2],
            lambda data: b"",
            lambda data: data.replace(b"71.5", b"99.9"),
            lambda data: b"\x00" * len(data),
            lambda data: b"\xff\xfe not even text",
        ],
        ids=["torn", "empty", "edited", "zeroed", "noise"],
    )
    def test_a_damaged_record_is_moved_aside_and_absent(self, store: Store, make_record, damage) -> None:
        store.put(make_record("aa00"))
        store.put(make_record("aa11"))
        path = store.root / "records" / "aa" / "aa00.json"
        data = damage(path.read_bytes())
        path.write_bytes(data)
        with pytest.warns(StoreWarning, match=r"aa00.json: .*checksum.*moved to .*quarantine.*counts as absent"):
            assert store.get("aa00") is None
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert store.keys() == ["aa11"]
            store.put(make_record("aa00"))
        assert store.keys() == ["aa00", "aa11"]
        assert (store.root / "quarantine" / "aa00.json").read_bytes() == data

    def test_it_is_noticed_by_every_way_of_reading(self, store: Store, make_record) -> None:
        path = store.root / "records" / "aa" / "aa00.json"
        readings = [
            store.keys,
            store.records,
            store.summaries,
            store.frame,
            store.reader,
            lambda: store.get("aa00"),
            lambda: store.records(["aa00"]),
            lambda: store.summaries(["aa00"]),
            lambda: store.reader(["aa00"]),
            lambda: store.put(make_record()),
        ]
        for number, read in enumerate(readings):
            store.put(make_record())
            store.keys()
            path.write_bytes(path.read_bytes().replace(b"71.5", b"99.99"))
            with pytest.warns(StoreWarning, match="aa00"):
                read()
            assert len(files(store, "quarantine")) == number + 1
        assert sorted(files(store, "quarantine"))[:3] == ["aa00.json", "aa00.json.10", "aa00.json.2"]

    def test_a_copy_under_another_key_is_no_record(self, store: Store, make_record) -> None:
        store.put(make_record("aa00"))
        folder = store.root / "records" / "aa"
        shutil.copy(folder / "aa00.json", folder / "aa01.json")
        with pytest.warns(StoreWarning, match="aa01.json: it holds the record of another run, aa00"):
            assert store.keys() == ["aa00"]

    def test_the_index_is_not_believed(self, store: Store, make_record) -> None:
        import sqlite3
        from contextlib import closing

        store.put(make_record())
        store.keys()
        with closing(sqlite3.connect(store.root / "index.sqlite")) as database, database:
            (data,) = database.execute("SELECT data FROM records").fetchone()
            database.execute("UPDATE records SET data = ?", (data.replace(b"71.5", b"99.9"),))
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert store.records() == [make_record()]
            assert [run.test for run in store.summaries()] == [{"accuracy": 71.5}]
            assert store.frame()["test/accuracy"].tolist() == [71.5]

    def test_strangers_are_left_alone(self, store: Store, make_record) -> None:
        store.put(make_record())
        for name in ("records/README.json", "records/aa/notes.txt", "records/bb/aa00.json", "records/aa/.x.json.1.tmp"):
            path = store.root / name
            path.parent.mkdir(exist_ok=True)
            path.write_text("mine")
        assert store.keys() == ["aa00"]
        assert (store.root / "records" / "bb" / "aa00.json").read_text() == "mine"


class TestFullDisk:
    def full(self, *_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def test_it_is_the_users_to_mend_and_leaves_nothing_partial(self, store: Store, make_record, monkeypatch) -> None:
        store.put(make_record("aa00"))
        before = files(store, ".")
        monkeypatch.setattr(os, "fsync", self.full)
        with pytest.raises(UserError, match=r"the disk is full.*start again: what was finished before is complete"):
            store.put(make_record("bb00", predictions={"test": {"id": np.array(["a"])}}))
        monkeypatch.undo()
        assert files(store, ".") == before
        store.put(make_record("bb00"))
        assert store.keys() == ["aa00", "bb00"]

    def test_also_where_folders_cannot_be_made(self, store: Store, make_record, monkeypatch) -> None:
        monkeypatch.setattr(Path, "mkdir", self.full)
        with pytest.raises(UserError, match="the disk is full"):
            store.put(make_record())

    def test_a_folder_that_is_read_only_is_the_users_to_mend(self, store: Store, make_record, monkeypatch) -> None:
        def forbid(*_: object, **__: object) -> None:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

        monkeypatch.setattr(os, "replace", forbid)
        with pytest.raises(UserError, match=r"aa00.json: cannot be written .Permission denied"):
            store.put(make_record())

    def test_other_errors_are_what_they_are(self, store: Store, make_record, monkeypatch) -> None:
        def fail(*_: object) -> None:
            raise OSError(errno.EIO, "bad sector")

        monkeypatch.setattr(os, "replace", fail)
        with pytest.raises(OSError, match="bad sector"):
            store.put(make_record())
        assert store.keys() == []


def test_stale_temporary_files_are_removed_where_it_writes(store: Store, make_record) -> None:
    """Of a killed process, when its run is run again, or another run's record comes into the same folder."""
    store.put(make_record(predictions={"test": {"id": np.array(["a"])}}))
    names = ("records/aa/.aa01.json.1.tmp", "predictions/aa/.aa01.test.npz.1.tmp", "predictions/aa/.b.2.tmp")
    old, older, young = (store.root / name for name in names)
    for path in (old, older, young):
        path.write_bytes(b"half")
    hours_ago = time.time() - 4000
    for path in (old, older):
        os.utime(path, (hours_ago, hours_ago))
    Store(store.root).put(make_record("aa01", predictions={"test": {"id": np.array(["a"])}}))
    assert not old.exists()
    assert not older.exists()
    assert young.exists()
