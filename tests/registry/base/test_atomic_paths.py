"""Files are whole or not there."""

from __future__ import annotations

from pathlib import Path

import pytest

from provbench.registry.base.atomic import atomic_path


def test_the_new_takes_the_place_of_the_old(tmp_path: Path) -> None:
    target = tmp_path / "folder" / "file"
    for content in ("old", "new"):
        with atomic_path(target) as file:
            file.write_text(content)
    assert target.read_text() == "new"
    assert list(target.parent.iterdir()) == [target]


def test_what_fails_leaves_the_old(tmp_path: Path) -> None:
    target = tmp_path / "file"
    target.write_text("old")

    def fail() -> None:
        with atomic_path(target) as file:
            file.write_text("half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]
