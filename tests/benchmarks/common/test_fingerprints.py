import shutil
from pathlib import Path

import pytest

from provbench.benchmarks.common.fingerprints import fingerprint
from provbench.registry import MissingDataError


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "data"
    (root / "images").mkdir(parents=True)
    (root / "labels.txt").write_text("a,0\nb,1\n")
    (root / "boxes.txt").write_text("a,1,2,3,4\n")
    for name in "abc":
        (root / "images" / f"{name}.jpg").write_bytes(name.encode() * 10)
    return root


def files(root: Path) -> tuple[list[Path], list[Path]]:
    return sorted(root.glob("*.txt")), sorted(root.glob("images/*"))


def test_it_does_not_depend_on_place_order_or_repetition(root: Path, tmp_path: Path) -> None:
    annotations, images = files(root)
    value = fingerprint(root, annotations, images)
    moved = tmp_path / "elsewhere" / "set"
    shutil.copytree(root, moved)

    assert len(value) == 64
    assert fingerprint(moved, *files(moved)) == value
    assert fingerprint(root, annotations[::-1], [*images[::-1], images[0]]) == value


def test_it_depends_on_every_file(root: Path) -> None:
    annotations, images = files(root)
    values = {fingerprint(root, annotations, images), fingerprint(root, annotations, images[1:])}
    values.add(fingerprint(root, annotations[1:], images))
    (root / "images" / "b.jpg").write_bytes(b"longer than before")
    values.add(fingerprint(root, annotations, images))
    (root / "labels.txt").write_text("a,0\nb,2\n")
    values.add(fingerprint(root, annotations, images))
    (root / "images" / "b.jpg").rename(root / "images" / "d.jpg")
    values.add(fingerprint(root, *files(root)))

    assert len(values) == 6


def test_missing_files_are_named(root: Path) -> None:
    with pytest.raises(MissingDataError, match=r"gone\.txt: no such annotation file"):
        fingerprint(root, [root / "gone.txt"], [])
    with pytest.raises(MissingDataError, match=r"gone\.jpg: no such image file"):
        fingerprint(root, [], [root / "gone.jpg"])
