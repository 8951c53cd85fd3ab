from __future__ import annotations

import os
from pathlib import Path

import pytest

from provbench.results import StoreWarning
from provbench.results.store.record_file import encode
from provbench.results.store.record_folder import RecordFolder


@pytest.fixture
def folder(tmp_path: Path, make_record) -> RecordFolder:
    folder = RecordFolder(tmp_path)
    for key in ("ab2", "aa1", "ab1"):
        folder.path(key).parent.mkdir(parents=True, exist_ok=True)
        folder.path(key).write_bytes(encode(make_record(key)))
    return folder


def test_records_are_found_sorted_and_strangers_are_not(folder: RecordFolder) -> None:
    for name in ("README.json", "aa/notes.txt", "aa/.aa1.json.1.tmp", "bb/aa1.json", "long/long1.json"):
        path = folder.root / "records" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("mine")
    assert list(folder.scan()) == ["aa1", "ab1", "ab2"]


def test_signatures_come_in_the_order_of_the_keys(folder: RecordFolder) -> None:
    found = folder.signatures(["ab2", "zz9", "../aa1", "", "aa1", "ab2/../ab1"])
    assert list(found.items()) == [(key, folder.scan()[key]) for key in ("ab2", "aa1")]


@pytest.mark.parametrize(
    "change",
    [
        lambda path: os.utime(path, ns=(1, 1)),
        lambda path: path.write_bytes(path.read_bytes() + b" "),
        lambda path: path.with_name("new").write_bytes(path.read_bytes()) and path.with_name("new").replace(path),
    ],
    ids=["touched", "longer", "replaced"],
)
def test_a_change_changes_the_signature(folder: RecordFolder, change) -> None:
    before = folder.signatures(["aa1", "ab1"])
    change(folder.path("aa1"))
    after = folder.signatures(["aa1", "ab1"])
    assert after["aa1"] != before["aa1"]
    assert after["ab1"] == before["ab1"]


def test_a_record_is_loaded_with_the_signature_of_what_was_read(folder: RecordFolder, make_record) -> None:
    assert folder.load("aa1") == make_record("aa1")
    assert folder.load_signed("aa1") == (folder.signatures(["aa1"])["aa1"], make_record("aa1"))
    for key in ("zz9", "../aa1", ""):
        assert folder.load(key) is None


def test_a_damaged_record_is_moved_aside(folder: RecordFolder) -> None:
    folder.path("aa1").write_bytes(b"torn")
    with pytest.warns(StoreWarning, match="aa1"):
        assert folder.load("aa1") is None
    assert (folder.root / "quarantine" / "aa1.json").read_bytes() == b"torn"
    assert list(folder.scan()) == ["ab1", "ab2"]


def test_no_folder_has_no_records(tmp_path: Path) -> None:
    folder = RecordFolder(tmp_path / "runs")
    assert folder.scan() == {}
    assert folder.signatures(["aa1"]) == {}
    assert folder.load("aa1") is None
