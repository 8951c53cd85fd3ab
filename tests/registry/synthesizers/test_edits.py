"""Which training image an edit was made of."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest

from provbench.registry import MissingDataError, UserError
from provbench.registry.synthesizers.edits import MAPPING, find_edits, read_mapping, write_mapping


class Letters:
    """Twelve images with the ids a, b, …, which no other program numbers."""

    num_classes = 1
    folder = Path()

    def __len__(self) -> int:
        return 12

    def sample_id(self, index: int) -> str:
        return "abcdefghijkl"[index]

    def label(self, index: int) -> int:
        return 0

    def image(self, index: int) -> np.ndarray:
        raise AssertionError("is not looked at")

    segmentation = image


class Numbers(Letters):
    """The program `reverse` numbers them, and z before them, from the end."""

    def numbering(self, order: str) -> list[str]:
        assert order == "reverse"
        return list("zlkjihgfedcba")


def fill(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def found(folder: Path, order: str = "provbench") -> dict[str, str]:
    return {edit.name: Numbers().sample_id(edit.index) for edit in find_edits(Numbers(), folder, order)}


def test_numbers_count_in_any_subfolder_and_of_any_kind_of_image(tmp_path: Path) -> None:
    fill(tmp_path, "0-0.png", "x/y/Landbird/1-3.webp", "02-1.BMP", "3-0.tiff", "x/1-3.jpeg")
    assert found(tmp_path) == {"0-0.png": "a", "x/y/Landbird/1-3.webp": "b", "02-1.BMP": "c", "3-0.tiff": "d",
                               "x/1-3.jpeg": "b"}  # fmt: skip


def test_another_programs_numbers(tmp_path: Path) -> None:
    fill(tmp_path, "1-0.png", "12-1.png")
    assert found(tmp_path, "reverse") == {"1-0.png": "l", "12-1.png": "a"}
    fill(tmp_path, "13-0.png")
    with pytest.raises(UserError, match=r"13-0.png: edit of training image 13, but there are 13, counted from 0"):
        found(tmp_path, "reverse")


def test_a_mapping_names_files_or_what_they_were_made_of(tmp_path: Path) -> None:
    fill(tmp_path, "one.webp", "sub/000007-0.png", "sub/7-1.jpg", "7.png", "photo-2.png", "samples/7.png", "8-0.png")
    write_mapping(tmp_path / MAPPING, {"one.webp": "a", "000007.png": "b", "photo.jpg": "c", "9.png": "d"})

    assert found(tmp_path) == {
        "one.webp": "a", "sub/000007-0.png": "b", "sub/7-1.jpg": "b", "7.png": "b", "photo-2.png": "c",
    }  # fmt: skip


def test_what_is_passed_over_is_counted_and_named(tmp_path: Path) -> None:
    fill(tmp_path, "0-0.png", "1-0.svg", "notes.txt", "samples/0-1.png", "x.png", ".DS_Store", "0-9.png")
    with pytest.warns(UserWarning, match=r"4 of 6 files are passed over.*\(1-0.svg, notes.txt, samples/0-1.png, …\)"):
        find_edits(Numbers(), tmp_path, "provbench", warn=True)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        find_edits(Numbers(), tmp_path, "provbench")
    fill(tmp_path / "other", "0-0.png", "1-0.png")
    with pytest.warns(UserWarning, match=r"1 of 2 files .* not in this training set \(0-0.png\)"):
        find_edits(Numbers(), tmp_path / "other", "reverse", warn=True)


def test_no_edit_and_none_of_this_training_set(tmp_path: Path) -> None:
    with pytest.raises(MissingDataError, match=r"no edited images.*mapping.csv.*data export"):
        found(tmp_path / "nowhere")
    fill(tmp_path, "0-0.png")
    with pytest.raises(UserError, match=r"none of the 1 edits is of an image of this training set.*0-0.png"):
        found(tmp_path, "reverse")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('edit,source\n0.png,a.jpg\n"1.png,b.jpg\n2.png,"c.jpg\n', r"mapping\.csv:3: .*a quote is never closed"),
        ("file,source\na,b\n", r"mapping\.csv:1: must have the columns edit,source"),
        ("", r"mapping\.csv:1: must have the columns"),
        ("edit,source\n0.png\n", r"mapping\.csv:2: one edit and one source wanted \(got '0\.png' and None\)"),
        ("edit,source\na,b,c\n", r"mapping\.csv:2: one edit and one source wanted"),
        ("edit,source\na,b\na,c\n", r"mapping\.csv:3: edit 'a' has another source already, 'b'"),
    ],
)
def test_a_mapping_that_cannot_be_right_is_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / MAPPING).write_text(text)
    with pytest.raises(UserError, match=message):
        read_mapping(tmp_path / MAPPING)


def test_mappings_are_read_as_they_were_written(tmp_path: Path) -> None:
    rows = {'a "b", c.png': "d/é.jpg", "1.png": "2,3", "2.png": "d\u2028e.jpg"}
    write_mapping(tmp_path / MAPPING, rows)
    assert read_mapping(tmp_path / MAPPING) == rows
    (tmp_path / MAPPING).write_bytes("edit,source\r\na,b\r\n".encode("utf-8-sig"))
    assert read_mapping(tmp_path / MAPPING) == {"a": "b"}


def test_images_that_nobody_else_numbers(tmp_path: Path) -> None:
    fill(tmp_path, "0-0.png")
    with pytest.raises(UserError, match=r"order: .* not numbered by 'alia'"):
        find_edits(Letters(), tmp_path, "alia")
