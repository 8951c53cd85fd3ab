from __future__ import annotations

import os
from pathlib import Path

from provbench.registry.base.atomic import is_real, real_children, real_files


def tree(root: Path) -> Path:
    """An output folder with files, and with links to a private folder, to itself and to nothing."""
    private = root / "private"
    private.mkdir(parents=True)
    (private / "id").write_text("private")
    store = root / "store"
    (store / "a" / "b").mkdir(parents=True)
    (store / "a" / "b" / "1.txt").touch()
    (store / "a" / ".half.tmp").touch()
    (store / "folder").symlink_to(private)
    (store / "a" / "file").symlink_to(private / "id")
    (store / "a" / "deep").symlink_to(private)
    (store / "loop").symlink_to(store / "loop")
    (store / "a" / "up").symlink_to("..")
    os.mkfifo(store / "a" / "pipe")
    return store


def test_only_regular_files_are_listed_and_none_behind_a_link(tmp_path: Path) -> None:
    store = tree(tmp_path)
    assert list(real_files(store)) == [Path("a/b/1.txt")]
    assert list(real_files(store, "a")) == [Path("a/b/1.txt")]
    for below in ("folder", "a/deep", "loop", "nowhere", "a/file", "../private", str(tmp_path / "private")):
        assert list(real_files(store, below)) == [], below


def test_whoever_names_the_root_by_a_link_means_it(tmp_path: Path) -> None:
    tree(tmp_path)
    (tmp_path / "link").symlink_to(tmp_path / "store")
    assert list(real_files(tmp_path / "link", "a/b")) == [Path("a/b/1.txt")]


def test_a_path_is_real_where_no_part_is_a_link(tmp_path: Path) -> None:
    store = tree(tmp_path)
    assert is_real(store, "a/b/1.txt")
    assert is_real(store, "a/not yet/there")
    assert not any(is_real(store, path) for path in ("folder/id", "a/file", "loop", "loop/x", "../private/id", "/etc"))


def test_the_children_of_a_link_are_none(tmp_path: Path) -> None:
    store = tree(tmp_path)
    assert [path.name for path in real_children(store)] == ["a", "folder", "loop"]
    assert real_children(store / "folder") == []
    assert real_children(store / "loop") == []
