"""Published splits: lists, folders of class folders, and files of indices."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import numpy as np
import pytest

from provbench.benchmarks.common import ImageRecord
from provbench.benchmarks.fewshot.files import folder_images, indexed_images, listed_images
from provbench.registry import MissingDataError, UserError
from provbench.registry.base import write_image

POOL = [
    ImageRecord("b/1.jpg", Path("x"), 1),
    ImageRecord("a/1.jpg", Path("x"), 0),
    ImageRecord("a/2.jpg", Path("x"), 0),
    ImageRecord("c/9.jpg", Path("x"), 2),
]


def test_a_list_names_images_by_file_and_folder_and_labels_are_the_data_sets(tmp_path: Path) -> None:
    path = tmp_path / "train.txt"
    path.write_text("datasets/cub/5shot/b/1.jpg 7\n\ndatasets/cub/5shot/x y/9.jpg 0\ndatasets/cub/5shot/a/1.jpg\n")

    found = listed_images(path, POOL, "")

    assert [(record.id, record.label) for record in found] == [("a/1.jpg", 0), ("b/1.jpg", 1), ("c/9.jpg", 2)]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("a/1.jpg\nq/3.jpg 1\n", r"train.txt:2: q/3.jpg is no official training image"),
        ("z/1.jpg\n", r":1: z/1.jpg is no official training image"),
        ("a/2.jpg 1\na/2.jpg\n", r":2: a/2.jpg is listed twice"),
        ("\n", "lists no image"),
    ],
)
def test_a_wrong_list_is_refused_with_its_line(tmp_path: Path, text: str, complaint: str) -> None:
    (tmp_path / "train.txt").write_text(text)

    with pytest.raises(UserError, match=complaint):
        listed_images(tmp_path / "train.txt", POOL, "")


def test_a_missing_list_says_where_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(MissingDataError, match=r"none.txt: no such file.\nAsk."):
        listed_images(tmp_path / "none.txt", POOL, "Ask.")


def test_a_folder_of_class_folders(tmp_path: Path) -> None:
    for name in ("001.Black_footed_Albatross/1.png", "F-16A_B/2.png", "F-16A_B/0.png"):
        (tmp_path / "set" / name).parent.mkdir(parents=True, exist_ok=True)
        write_image(tmp_path / "set" / name, np.zeros((4, 4, 3), np.uint8))

    found = folder_images(tmp_path / "set", tmp_path, ["F-16A/B", "Black footed Albatross"])

    assert [(record.id, record.label) for record in found] == [
        ("set/F-16A_B/0.png", 0), ("set/F-16A_B/2.png", 0), ("set/001.Black_footed_Albatross/1.png", 1),
    ]  # fmt: skip
    with pytest.raises(UserError, match="is no class of the data set"):
        folder_images(tmp_path / "set", tmp_path, ["Black footed Albatross", "F-16A"])
    with pytest.raises(UserError, match="has no image of 1 classes, such as Crow"):
        folder_images(tmp_path / "set", tmp_path, ["F-16A/B", "Black footed Albatross", "Crow"])


def test_indices_as_text_json_and_pickle(tmp_path: Path) -> None:
    (tmp_path / "i.txt").write_text("3\n0\n")
    (tmp_path / "i.json").write_text(json.dumps([3, 0]))
    (tmp_path / "i.pkl").write_bytes(pickle.dumps([3, 0]))
    (tmp_path / "a.pkl").write_bytes(pickle.dumps(np.array([3, 0])))

    for name in ("i.txt", "i.json", "i.pkl", "a.pkl"):
        assert [record.id for record in indexed_images(tmp_path / name, POOL)] == ["c/9.jpg", "b/1.jpg"]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [("4\n", r"must be in 0..3 \(got 4\)"), ("1\n1\n", "each once"), ("x\n", r"got 'x'"), ("", "must have indices")],
)
def test_wrong_indices_are_refused(tmp_path: Path, text: str, complaint: str) -> None:
    (tmp_path / "i.txt").write_text(text)

    with pytest.raises(UserError, match=complaint):
        indexed_images(tmp_path / "i.txt", POOL)
