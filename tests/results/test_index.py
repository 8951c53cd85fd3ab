from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from provbench.results.index import Index


class CountingIndex(Index):
    """Notes the files that it opens."""

    def __init__(self, folder: Path, path: Path) -> None:
        super().__init__(folder, path)
        self.opened: list[str] = []

    def _content(self, name: str) -> bytes | None:
        self.opened.append(name)
        return super()._content(name)


def write(folder: Path, name: str, content: bytes) -> None:
    path = folder / name[:2] / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "records"
    folder.mkdir()
    for name in ("aa1.json", "ab1.json", "ab2.json"):
        write(folder, name, name.encode())
    return folder


@pytest.fixture
def index(folder: Path) -> CountingIndex:
    return CountingIndex(folder, folder.parent / "index.sqlite")


ALL = {"aa1.json": b"aa1.json", "ab1.json": b"ab1.json", "ab2.json": b"ab2.json"}


def test_files_are_opened_once(index: CountingIndex) -> None:
    assert index.contents() == ALL
    assert index.opened == list(ALL)
    again = CountingIndex(index.folder, index.path)
    assert again.contents() == ALL
    assert again.opened == []


def test_only_what_changed_is_opened(index: CountingIndex) -> None:
    index.contents()
    index.opened.clear()
    write(index.folder, "aa1.json", b"longer than before")
    write(index.folder, "zz1.json", b"new")
    (index.folder / "ab" / "ab2.json").unlink()
    expected = {"aa1.json": b"longer than before", "ab1.json": b"ab1.json", "zz1.json": b"new"}
    assert index.contents() == expected
    assert index.opened == ["aa1.json", "zz1.json"]
    assert list(index.contents()) == sorted(expected)


def test_a_change_of_time_alone_is_a_change(index: CountingIndex) -> None:
    index.contents()
    write(index.folder, "aa1.json", b"AA1.JSON")
    os.utime(index.folder / "aa" / "aa1.json", ns=(1, 1))
    assert index.contents()["aa1.json"] == b"AA1.JSON"


def test_it_may_be_deleted(index: CountingIndex) -> None:
    index.contents()
    index.path.unlink()
    assert index.contents() == ALL
    assert index.path.is_file()


@pytest.mark.parametrize("content", [b"", b"not a database at all" * 100, b"SQLite format 3\x00" + b"\x07" * 5000])
def test_a_damaged_one_is_made_anew(index: CountingIndex, content: bytes) -> None:
    index.contents()
    index.path.write_bytes(content)
    assert index.contents() == ALL
    index.opened.clear()
    assert index.contents() == ALL
    assert index.opened == []


def test_damage_in_the_middle_is_survived(tmp_path: Path) -> None:
    folder = tmp_path / "records"
    folder.mkdir()
    files = {f"a{i % 10}{i:04}.json": os.urandom(700) for i in range(300)}
    for name, content in files.items():
        write(folder, name, content)
    index = CountingIndex(folder, tmp_path / "index.sqlite")
    index.contents()
    whole = index.path.read_bytes()
    for page in range(1, len(whole) // 4096, 5):
        index.path.write_bytes(whole[: page * 4096] + b"\xa5" * 4096 + whole[(page + 1) * 4096 :])
        found = index.contents()
        assert found.keys() == files.keys()


def test_another_version_is_made_anew(index: CountingIndex) -> None:
    index.contents()
    with closing(sqlite3.connect(index.path)) as database, database:
        database.execute("DROP TABLE files")
        database.execute("CREATE TABLE files (something TEXT)")
        database.execute("PRAGMA user_version = 999")
    assert index.contents() == ALL


def test_where_it_cannot_be_written_the_files_are_read(folder: Path) -> None:
    index = CountingIndex(folder, folder.parent / "no such folder" / "index.sqlite")
    assert index.contents() == ALL
    assert index.contents() == ALL
    assert index.opened == [*ALL, *ALL]


def test_where_another_process_holds_it_the_files_are_read(index: CountingIndex, monkeypatch) -> None:
    monkeypatch.setattr("provbench.results.index.TIMEOUT_SECONDS", 0.05)
    index.contents()
    write(index.folder, "zz1.json", b"new")
    with closing(sqlite3.connect(index.path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert index.contents() == {**ALL, "zz1.json": b"new"}


def test_a_forgotten_file_is_opened_again(index: CountingIndex) -> None:
    index.contents()
    index.opened.clear()
    index.forget("ab1.json")
    assert index.contents() == ALL
    assert index.opened == ["ab1.json"]


def test_a_file_that_vanishes_while_it_is_listed_is_left_out(index: CountingIndex, monkeypatch) -> None:
    listed = list(index._scan())
    (index.folder / "aa" / "aa1.json").unlink()
    monkeypatch.setattr(index, "_scan", lambda: iter(listed))
    assert list(index.contents()) == ["ab1.json", "ab2.json"]


def test_no_files_make_no_index(tmp_path: Path) -> None:
    index = Index(tmp_path / "records", tmp_path / "index.sqlite")
    assert index.contents() == {}
    assert not index.path.exists()
