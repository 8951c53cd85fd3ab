"""Who holds a lock: strange files are no description, and no link is followed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from provbench.registry import UserError
from provbench.registry.base.locks import describe_holder, write_holder
from provbench.suites.driving.output import output_lock


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / ".lock-holder.json"


def test_a_holder_is_described(file: Path) -> None:
    write_holder(file)
    assert describe_holder(file).startswith(f" (process {os.getpid()} on ")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"17",
        b"null",
        b'"text"',
        b"{}",
        b'{"pid": []}',
        b'{"pid": 1, "host": {}, "started": "s"}',
        b'{"pid": "1", "host": "h", "started": "s"}',
        b"\xff\xfe",
        b"[" * 4000,
        b'{"pid": 1, "host": "' + b"h" * 10_000 + b'", "started": "s"}',
    ],
)
def test_a_file_that_is_something_else_describes_nobody(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    assert describe_holder(file) == ""


def test_control_characters_do_not_reach_the_terminal(file: Path) -> None:
    file.write_text('{"pid": 1, "host": "\\u001b[31mred\\n", "started": "' + "s" * 300 + '"}')
    assert describe_holder(file) == f" (process 1 on [31mred , since {'s' * 100})"


def test_neither_a_folder_nor_a_pipe_nor_a_link_is_read(file: Path, tmp_path: Path) -> None:
    file.mkdir()
    assert describe_holder(file) == ""
    file.rmdir()
    os.mkfifo(file)
    assert describe_holder(file) == ""
    file.unlink()
    write_holder(tmp_path / "other.json")
    file.symlink_to(tmp_path / "other.json")
    assert describe_holder(file) == ""


def test_nothing_is_written_through_a_link(file: Path, tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_text("mine")
    file.symlink_to(precious)
    with output_lock(tmp_path):
        assert not file.is_symlink()
    assert precious.read_text() == "mine"
    assert not file.exists()


def test_a_lock_that_is_a_link_is_an_error(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_text("mine")
    (tmp_path / ".lock").symlink_to(precious)
    with pytest.raises((UserError, OSError), match=r"\.lock"), output_lock(tmp_path):
        pytest.fail("it was held")
    assert precious.read_text() == "mine"
