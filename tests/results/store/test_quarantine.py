from __future__ import annotations

from pathlib import Path

import pytest

from provbench.results import StoreWarning
from provbench.results.store.quarantine import set_aside


def test_files_of_one_name_are_all_kept(tmp_path: Path) -> None:
    path, folder = tmp_path / "aa00.json", tmp_path / "quarantine"
    for content in ("first", "second", "third"):
        path.write_text(content)
        with pytest.warns(StoreWarning, match=r"aa00.json: torn; moved to .*, and counts as absent"):
            set_aside(path, folder, "torn")
        assert not path.exists()
    assert {file.name: file.read_text() for file in folder.iterdir()} == {
        "aa00.json": "first",
        "aa00.json.2": "second",
        "aa00.json.3": "third",
    }


def test_one_that_cannot_be_moved_is_left(tmp_path: Path) -> None:
    path = tmp_path / "aa00.json"
    path.write_text("torn")
    (tmp_path / "quarantine").write_text("a file in the way")
    with pytest.warns(StoreWarning, match="left where it is, since it cannot be moved"):
        set_aside(path, tmp_path / "quarantine", "torn")
    assert path.read_text() == "torn"


@pytest.mark.parametrize("there", [True, False])
def test_nothing_leaves_the_store_through_a_link(tmp_path: Path, there: bool) -> None:
    path, elsewhere = tmp_path / "aa00.json", tmp_path / "elsewhere"
    path.write_text("torn")
    if there:
        elsewhere.mkdir()
    (tmp_path / "quarantine").symlink_to(elsewhere)
    with pytest.warns(
        StoreWarning, match=r"torn; left where it is, since .*quarantine is a link, and counts as absent"
    ):
        set_aside(path, tmp_path / "quarantine", "torn")
    assert path.is_file()
    assert not there or list(elsewhere.iterdir()) == []
