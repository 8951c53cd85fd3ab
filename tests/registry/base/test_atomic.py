from __future__ import annotations

import errno
import os
import time
from pathlib import Path

import pytest

from provbench.registry import UserError
from provbench.registry.base.atomic import SUFFIX, atomic_file, remove_stale


def write(path: Path, content: bytes) -> None:
    with atomic_file(path) as file:
        file.write(content)


def temporaries(folder: Path) -> list[Path]:
    return list(folder.rglob(f".*{SUFFIX}"))


def test_folders_are_made_and_content_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "file"
    write(path, b"old")
    write(path, b"new")
    assert path.read_bytes() == b"new"
    assert list(path.parent.iterdir()) == [path]


def test_nothing_changes_before_the_block_ends(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write(path, b"old")
    with atomic_file(path) as file:
        file.write(b"new")
        file.flush()
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"


@pytest.mark.parametrize("function", ["fsync", "replace"])
@pytest.mark.parametrize("code", [errno.EIO, errno.ENOSPC, errno.EDQUOT])
def test_a_failure_leaves_the_old_file_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, function: str, code: int
) -> None:
    path = tmp_path / "file"
    write(path, b"old")

    def fail(*_: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, function, fail)
    kind, message = (OSError, "error") if code == errno.EIO else (UserError, f"{path}: the disk is full")
    with pytest.raises(kind, match=message):
        write(path, b"new")
    monkeypatch.undo()
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_an_error_in_the_block_leaves_the_old_file_and_no_other(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write(path, b"old")

    def interrupted() -> None:
        with atomic_file(path) as file:
            file.write(b"ne")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_content_reaches_the_disk_before_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    for name in ("fsync", "replace"):
        real = getattr(os, name)
        monkeypatch.setattr(os, name, lambda *args, real=real, name=name: (calls.append(name), real(*args))[1])
    write(tmp_path / "file", b"new")
    assert calls == ["fsync", "replace", "fsync"]  # the file, its name, the folder


def test_a_killed_writer_leaves_a_file_that_is_cleaned_when_old(tmp_path: Path) -> None:
    path = tmp_path / "aa" / "file"
    child = os.fork()
    if child == 0:
        with atomic_file(path) as file:
            file.write(b"half")
            file.flush()
            os._exit(9)
    os.waitpid(child, 0)
    (left,) = temporaries(tmp_path)
    assert not path.exists()
    remove_stale(tmp_path)
    assert left.exists()  # may belong to a process that is still writing
    hour_ago = time.time() - 3601
    os.utime(left, (hour_ago, hour_ago))
    remove_stale(tmp_path)
    assert temporaries(tmp_path) == []


def test_only_temporary_files_are_cleaned(tmp_path: Path) -> None:
    path = tmp_path / "aa00.json"
    path.write_text("{}")
    os.utime(path, (0, 0))
    remove_stale(tmp_path)
    assert path.exists()
