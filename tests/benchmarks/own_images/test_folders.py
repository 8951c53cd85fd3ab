"""Folders of classes, with and without splits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from provbench.benchmarks.own_images.folders import read_folders
from provbench.registry import MissingDataError
from provbench.registry.base import write_image, write_mask


def draw(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_image(path, np.zeros((4, 4, 3), dtype=np.uint8))


def test_classes_are_folders_and_images_lie_in_them_or_below(tmp_path: Path) -> None:
    for name in ("dog/b.jpg", "dog/a.JPEG", "cat/deep/c.png", "cat/.hidden.png", ".git/x.png", "edits/x/0-0.png"):
        draw(tmp_path / name)
    (tmp_path / "dog" / "notes.txt").write_text("notes")
    draw(tmp_path / "loose.jpg")
    found = read_folders(tmp_path)

    assert [(item.file, item.label, item.split) for item in found.items] == [
        ("cat/deep/c.png", "cat", None),
        ("dog/a.JPEG", "dog", None),
        ("dog/b.jpg", "dog", None),
    ]
    assert not found.problems
    assert found.notes == [
        "passed over, as they are no images: 1 .txt",
        "passed over, as they lie in no class's folder: 1 images such as loose.jpg",
    ]


def test_splits_may_stand_above_the_classes(tmp_path: Path) -> None:
    for name in ("Train/cat/0.jpg", "valid/cat/1.jpg", "test/cat/2.jpg"):
        draw(tmp_path / name)

    assert {item.file: item.split for item in read_folders(tmp_path).items} == {
        "Train/cat/0.jpg": "train",
        "valid/cat/1.jpg": "val",
        "test/cat/2.jpg": "test",
    }


def test_without_a_folder_train_the_others_are_classes(tmp_path: Path) -> None:
    for name in ("test/0.jpg", "dev/1.jpg"):
        draw(tmp_path / name)

    assert {item.label for item in read_folders(tmp_path).items} == {"test", "dev"}


def test_masks_repeat_the_folders(tmp_path: Path) -> None:
    draw(tmp_path / "cat" / "0.jpg")
    draw(tmp_path / "cat" / "1.jpg")
    (tmp_path / "masks" / "cat").mkdir(parents=True)
    write_mask(tmp_path / "masks" / "cat" / "0.png", np.ones((4, 4), dtype=bool))

    assert [item.mask for item in read_folders(tmp_path).items] == ["masks/cat/0.png", ""]


def test_what_cannot_be_right_is_said(tmp_path: Path) -> None:
    with pytest.raises(MissingDataError, match="no such folder"):
        read_folders(tmp_path / "none")
    assert "has no folders of classes" in read_folders(tmp_path).problems[0]
    (tmp_path / "cat").mkdir()
    assert read_folders(tmp_path).problems == [
        f"{tmp_path / 'cat'}: the class has no image: add some, or remove the folder"
    ]
    draw(tmp_path / "train" / "cat" / "0.jpg")
    assert "stands beside the splits train" in read_folders(tmp_path).problems[0]
