from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from provbench.results.store.index import CHUNK, Index, Row

ROWS: list[Row] = [("aa1", (1, 2, 3), b"one"), ("ab1", (10**18, 5, 6), b"two"), ("ab2", (7, 8, 9), b"\x00\xff")]


@pytest.fixture
def index(tmp_path: Path) -> Index:
    index = Index(tmp_path / "index.sqlite", 7)
    index.save(ROWS)
    return index


def test_rows_are_kept(index: Index) -> None:
    assert sorted(index.rows()) == ROWS
    assert sorted(Index(index.path, 7).rows(["ab2", "zz9", "aa1"])) == [ROWS[0], ROWS[2]]
    assert list(index.rows([])) == []


def test_a_row_is_replaced_by_its_key(index: Index) -> None:
    index.save([("ab1", (0, 0, 0), b"new")])
    assert sorted(index.rows()) == [ROWS[0], ("ab1", (0, 0, 0), b"new"), ROWS[2]]


def test_rows_are_forgotten(index: Index) -> None:
    index.forget(["aa1", "ab1", "zz9"])
    assert list(index.rows()) == [ROWS[2]]


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 1.0])
def test_however_many_keys_are_asked_for(index: Index, share: float) -> None:
    rows: list[Row] = [(f"k{number:05}", (number, 0, 0), b"x") for number in range(12 * CHUNK)]
    index.save(rows)
    wanted = rows[: int(share * len(rows))]
    assert sorted(index.rows([*(key for key, *_ in wanted), "zz9"])) == wanted


def test_it_may_be_deleted(index: Index) -> None:
    index.path.unlink()
    assert list(index.rows()) == []
    index.save(ROWS)
    assert sorted(index.rows()) == ROWS


@pytest.mark.parametrize("content", [b"", b"not a database at all" * 100, b"SQLite format 3\x00" + b"\x07" * 5000])
def test_a_damaged_one_is_made_anew(index: Index, content: bytes) -> None:
    index.path.write_bytes(content)
    assert list(index.rows()) == []
    index.save(ROWS)
    assert sorted(index.rows()) == ROWS


def test_no_damage_gives_a_wrong_row(tmp_path: Path) -> None:
    """Whichever page is overwritten, what still comes out is what was put in; what is lost can be put in again."""
    rows: list[Row] = [(f"key{number:04}", (number, number, number), os.urandom(700)) for number in range(300)]
    index = Index(tmp_path / "index.sqlite", 7)
    index.save(rows)
    whole = index.path.read_bytes()
    for page in range(0, len(whole) // 4096, 5):
        index.path.write_bytes(whole[: page * 4096] + b"\xa5" * 4096 + whole[(page + 1) * 4096 :])
        assert {key: data for key, _, data in index.rows()}.items() <= {key: data for key, _, data in rows}.items()
        index.save(rows)
        index.save(rows)  # the first may have found the damage, and deleted the file
        assert sorted(index.rows()) == rows


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE records SET data = x'00'",
        "UPDATE records SET data = 'text'",
        "UPDATE records SET data = NULL",
        "UPDATE records SET digest = NULL",
        "UPDATE records SET key = 'zz' || key",
        "UPDATE records SET key = CAST(x'ff' AS TEXT) WHERE key = 'aa1'",
        "UPDATE records SET data = (SELECT data FROM records WHERE key = 'aa1') WHERE key = 'ab1'",
    ],
)
def test_a_row_that_is_not_what_it_was_is_left_out(index: Index, damage: str) -> None:
    with closing(sqlite3.connect(index.path)) as database, database:
        database.execute(damage)
    found = list(index.rows())
    assert len(found) < len(ROWS)
    assert set(found) <= set(ROWS)


@pytest.mark.parametrize(
    "change", ["PRAGMA user_version = 999", "DROP TABLE records", "ALTER TABLE records DROP digest"]
)
def test_another_layout_is_made_anew(index: Index, change: str) -> None:
    with closing(sqlite3.connect(index.path)) as database, database:
        database.execute(change)
    assert list(index.rows()) == []
    index.save(ROWS)
    assert sorted(index.rows()) == ROWS


def test_another_version_reads_nothing(index: Index) -> None:
    assert list(Index(index.path, 8).rows()) == []


def test_where_it_cannot_be_there_are_no_rows(tmp_path: Path) -> None:
    index = Index(tmp_path / "no such folder" / "index.sqlite", 7)
    index.save(ROWS)
    assert list(index.rows()) == []
    index.forget(["aa1"])
    assert not index.path.parent.exists()


def test_one_that_another_process_holds_is_left_alone(index: Index, monkeypatch) -> None:
    monkeypatch.setattr("provbench.results.store.index.TIMEOUT_SECONDS", 0.05)
    with closing(sqlite3.connect(index.path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert list(index.rows()) == []
        index.save([("zz1", (0, 0, 0), b"new")])
    assert sorted(index.rows()) == ROWS
