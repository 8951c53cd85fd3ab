from __future__ import annotations

from pathlib import Path

import pytest

from provbench.registry import UserError
from provbench.results.report.folder import MANIFEST, SiteFolder


def write(root: Path, **parts: dict[str, str]) -> SiteFolder:
    folder = SiteFolder(root)
    for part, files in parts.items():
        folder.write(part, files.items())
    folder.close()
    return folder


def times(root: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in root.rglob("*") if path.is_file()}


def test_only_what_changed_is_written(tmp_path: Path) -> None:
    root = tmp_path / "site"
    assert write(root, a={"a.html": "1", "b/c.html": "2"}).written == 2
    before = times(root)
    again = write(root, a={"a.html": "1", "b/c.html": "3"})
    assert again.written == 1
    assert times(root)["a.html"] == before["a.html"]
    assert (root / "b/c.html").read_text() == "3"


def test_what_is_needed_no_more_is_removed_and_nothing_else(tmp_path: Path) -> None:
    write(tmp_path / "site", a={"a.html": "1", "b.html": "2"})
    (tmp_path / "site" / "mine.txt").write_text("keep")
    folder = write(tmp_path / "site", a={"b.html": "2"})
    assert folder.removed == 1
    assert {path.name for path in (tmp_path / "site").iterdir()} == {"b.html", "mine.txt", MANIFEST}


def test_a_file_may_move_from_one_part_to_another(tmp_path: Path) -> None:
    write(tmp_path / "site", a={"a.html": "1"})
    write(tmp_path / "site", b={"a.html": "1"})
    assert (tmp_path / "site" / "a.html").exists()


def test_a_part_with_the_same_signature_is_not_made_again(tmp_path: Path) -> None:
    def make(root: Path, signature: str) -> bool:
        made = []

        def files() -> list[tuple[str, str]]:
            made.append(True)
            return [("run.html", "x")]

        folder = SiteFolder(root)
        folder.write_once("run", signature, files)
        folder.close()
        return bool(made)

    root = tmp_path / "site"
    assert make(root, "1")
    assert not make(root, "1")
    assert make(root, "2")
    (root / "run.html").unlink()
    assert make(root, "2")
    assert (root / "run.html").exists()


def test_a_file_is_copied(tmp_path: Path) -> None:
    (tmp_path / "picture.png").write_bytes(b"\x89PNG")
    folder = SiteFolder(tmp_path / "site")
    folder.write("a", [("p.png", tmp_path / "picture.png"), ("b", b"bytes"), ("half", "\ud83d")])
    folder.close()
    assert (tmp_path / "site" / "p.png").read_bytes() == b"\x89PNG"
    assert (tmp_path / "site" / "half").read_bytes() == b"?"


def test_an_interrupted_first_making_can_go_on(tmp_path: Path) -> None:
    SiteFolder(tmp_path / "site").write("a", [("a.html", "1")])
    assert write(tmp_path / "site", a={"a.html": "1"}).written == 0


def test_a_folder_with_other_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(UserError, match="choose an empty folder"):
        SiteFolder(tmp_path)
    with pytest.raises(UserError, match="is a file, and a report is a folder"):
        SiteFolder(tmp_path / "thesis.txt")


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"parts": {"a": {"files": ["../thesis.txt"]}}}'])
def test_a_list_of_files_that_is_none_of_ours_removes_nothing(tmp_path: Path, content: str) -> None:
    root = tmp_path / "site"
    root.mkdir()
    (root / MANIFEST).write_text(content)
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(UserError, match="is not a report's"):
        SiteFolder(root)
    assert (tmp_path / "thesis.txt").exists()


@pytest.mark.parametrize("path", ["../a", "/a", "a/../../b", ""])
def test_a_path_out_of_the_site_is_refused(tmp_path: Path, path: str) -> None:
    with pytest.raises(ValueError, match="is no path in a site"):
        SiteFolder(tmp_path / "site").write("a", [(path, "x")])
