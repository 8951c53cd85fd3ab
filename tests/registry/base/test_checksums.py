from pathlib import Path

import pytest

from provbench.registry.base.checksums import CHECKSUMS, damage, write_checksums


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "set"
    (folder / "images").mkdir(parents=True)
    (folder / "images" / "ä b.png").write_bytes(b"pixels")
    (folder / "empty").touch()
    write_checksums(folder)
    return folder


def test_a_whole_folder_may_grow_and_move(folder: Path) -> None:
    assert damage(folder) == damage(folder, reread=True) == []
    (folder / "more.txt").write_text("a user's own")
    assert damage(folder) == []
    assert damage(folder.rename(folder.with_name("elsewhere"))) == []


def test_what_is_missing_short_or_changed_is_named(folder: Path) -> None:
    image = folder / "images" / "ä b.png"
    image.write_bytes(b"pixelS")
    (folder / "empty").unlink()
    assert damage(folder) == [f"{folder / 'empty'}: is missing", f"{image}: has other contents than were written"]
    image.write_bytes(b"pix")
    assert damage(folder)[1] == f"{image}: has 3 bytes instead of 6"


@pytest.mark.parametrize("text", [None, "", "{", "[]", '{"a": 1}', '{"a": ["x", "y"]}', '{"a": [1, 2, 3]}'])
def test_a_folder_without_readable_checksums_is_not_whole(folder: Path, text: str | None) -> None:
    (folder / CHECKSUMS).unlink()
    if text is not None:
        (folder / CHECKSUMS).write_text(text)
    assert len(damage(folder)) == 1
    assert "missing or torn" in damage(folder)[0]
