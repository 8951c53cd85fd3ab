"""Many files at once: complete or not there."""

from __future__ import annotations

import errno
import os
from io import BytesIO
from pathlib import Path

import pytest

from provbench.registry.base import FileBatch, UserError


def test_files_appear_when_the_batch_is_committed(tmp_path: Path) -> None:
    (tmp_path / "old").write_bytes(b"before")
    with FileBatch() as batch:
        batch.add(tmp_path / "a" / "b" / "new", BytesIO(b"one"))
        batch.add(tmp_path / "old", BytesIO(b"after"))
        assert batch.bytes == 8
        assert (tmp_path / "old").read_bytes() == b"before"
        assert not (tmp_path / "a" / "b" / "new").exists()
        batch.commit()
        assert batch.bytes == 0
    assert (tmp_path / "old").read_bytes() == b"after"
    assert (tmp_path / "a" / "b" / "new").read_bytes() == b"one"
    assert not list(tmp_path.rglob("*.tmp"))


def test_nothing_is_left_of_what_was_not_committed(tmp_path: Path) -> None:
    with FileBatch() as batch:
        batch.add(tmp_path / "file", BytesIO(b"content"))
    assert list(tmp_path.iterdir()) == []


def test_content_is_durable_before_any_file_has_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []
    sync, replace = os.fsync, Path.replace
    monkeypatch.setattr(os, "fsync", lambda handle: (order.append("sync"), sync(handle))[1])
    monkeypatch.setattr(Path, "replace", lambda self, to: (order.append("name"), replace(self, to))[1])
    with FileBatch() as batch:
        for name in ("a", "b", "c"):
            batch.add(tmp_path / name, BytesIO(b"x"))
        batch.commit()
    assert order == ["sync"] * 3 + ["name"] * 3 + ["sync"], "the contents, the names, the folder once"


def test_a_full_disk_is_the_users_to_mend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("shutil.copyfileobj", full)
    with FileBatch() as batch, pytest.raises(UserError, match="the disk is full"):
        batch.add(tmp_path / "file", BytesIO(b"content"))
    assert list(tmp_path.iterdir()) == []
