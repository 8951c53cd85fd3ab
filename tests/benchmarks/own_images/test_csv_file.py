"""The CSV file in which users list their images: what is read, and what each complaint says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from provbench.benchmarks.own_images.content import read_content, size_problems
from provbench.benchmarks.own_images.csv_file import read_csv
from provbench.benchmarks.own_images.splitting import Draw
from provbench.registry import MissingDataError, UserError
from provbench.registry.base import write_image, write_mask

DRAW = Draw(0.25, 0.25, 0)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    for number in range(8):
        write_image(tmp_path / f"{number}.jpg", rng.integers(0, 256, (10, 12, 3), dtype=np.uint8))
    write_mask(tmp_path / "mask.png", np.ones((10, 12), dtype=bool))
    write_mask(tmp_path / "small.png", np.ones((5, 6), dtype=bool))
    return tmp_path


def listed(root: Path, *lines: str) -> Path:
    path = root / "labels.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def complaints(root: Path, *lines: str) -> list[str]:
    return list(read_csv(root, listed(root, *lines)).problems)


def test_every_column_is_read(root: Path) -> None:
    path = listed(
        root,
        "label,file,split,group,box,mask,caption",
        'cat,0.jpg,train,indoors,"1 2 3 4",mask.png,"a cat, asleep"',
        "dog,1.jpg,Validation,outdoors,1 2 3 4; 0 0 11 9,,",
    )
    one, other = read_csv(root, path).items

    assert (one.file, one.label, one.split, one.group, one.boxes) == (
        "0.jpg",
        "cat",
        "train",
        "indoors",
        ((1, 2, 3, 4),),
    )
    assert (one.mask, one.caption) == ("mask.png", "a cat, asleep")
    assert (other.split, other.boxes, other.mask) == ("val", ((1, 2, 3, 4), (0, 0, 11, 9)), "")
    assert one.where == f"{path}:2"


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("file,label,spilt", "unknown column 'spilt': did you mean 'split'?"),
        ("file,split", "has no column 'label': add it"),
        ("file,label,label", "has column 'label' twice"),
    ],
)
def test_a_header_that_is_wrong_is_refused(root: Path, header: str, message: str) -> None:
    with pytest.raises(UserError, match=r"labels\.csv:1: ") as raised:
        read_csv(root, listed(root, header, "0.jpg,cat,train"))

    assert message in str(raised.value)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("9.jpg,cat,train,", "file '9.jpg': no such file in"),
        ("../0.jpg,cat,train,", "file must be a path inside"),
        (",cat,train,", "file must be a path inside"),
        ("0.jpg,,train,", "label is empty"),
        ("0.jpg,cat,tarin,", "split must be train, val or test"),
        ("0.jpg,cat,train,1 2 3", "box must be whole pixels x0 y0 x1 y1"),
        ("0.jpg,cat,train,5 2 3 4", "box must have x0 <= x1"),
        ("0.jpg,cat,train,1.5 2 3 4", "box must be whole pixels"),
        ("0.jpg,cat,train", "expected 4 columns"),
        ("1.jpg,cat,train,", "file '1.jpg' is listed already"),
    ],
)
def test_a_row_that_is_wrong_is_named(root: Path, row: str, message: str) -> None:
    found = complaints(root, "file,label,split,box", "1.jpg,dog,train,", row)

    assert len(found) == 1
    assert found[0].startswith(f"{root / 'labels.csv'}:3: ")
    assert message in found[0]


def test_everything_wrong_is_said_together(root: Path) -> None:
    listed(root, "file,label,mask", "9.jpg,cat,", "0.jpg,cat,none.png", "0.jpg,,", "1.jpg,dog,")

    with pytest.raises(UserError) as raised:
        read_content(root, "labels.csv", DRAW)

    lines = str(raised.value).split("\n")
    assert [line.split(": ")[0].rpartition(":")[2] for line in lines] == ["2", "3", "4"]


def test_of_many_complaints_the_first_are_shown(root: Path) -> None:
    listed(root, "file,label", *(f"none{number}.jpg,cat" for number in range(30)))

    with pytest.raises(UserError, match="and 10 more of the kind"):
        read_content(root, "labels.csv", DRAW)


@pytest.mark.parametrize("column", ["split", "group"])
def test_a_column_is_filled_in_all_rows_or_in_none(root: Path, column: str) -> None:
    value = {"split": "train", "group": "near"}[column]
    (found,) = complaints(root, f"file,label,{column}", f"0.jpg,cat,{value}", "1.jpg,dog,", "2.jpg,dog,")

    assert found.startswith(f"{root / 'labels.csv'}:3: {column} is empty, and so it is in 2 of 3 rows")
    assert not complaints(root, f"file,label,{column}", "0.jpg,cat,", "1.jpg,dog,")


def test_boxes_outside_of_their_images_and_masks_of_another_size_are_named(root: Path) -> None:
    (root / "7.jpg").write_bytes(b"no image")
    path = listed(
        root,
        "file,label,box,mask",
        "0.jpg,cat,0 0 11 9,mask.png",
        "1.jpg,cat,0 0 12 9,",
        "2.jpg,dog,,small.png",
        "7.jpg,dog,,",
    )
    found = list(size_problems(root, read_csv(root, path).items))

    assert [line.split(": ")[0] for line in found] == [f"{path}:{number}" for number in (3, 4, 5)]
    assert "box 0 0 12 9 reaches out of 1.jpg, which has 12x10 pixels" in found[0]
    assert "mask small.png has 6x5 pixels, and 2.jpg 12x10" in found[1]
    assert "cannot be read as an image" in found[2]


@pytest.mark.parametrize(
    ("splits", "message"),
    [
        (("train", "train", "val", "test", "train"), "class 'fox' is in one split only (1 in train)"),
        (("train", "train", "val", "test", "test"), "class 'fox' has no training image (1 in test)"),
    ],
)
def test_a_class_that_cannot_be_trained_and_tested_is_refused(
    root: Path, splits: tuple[str, ...], message: str
) -> None:
    labels = ("cat", "cat", "cat", "cat", "fox")
    rows = [f"{n}.jpg,{label},{split}" for n, (label, split) in enumerate(zip(labels, splits, strict=True))]
    listed(root, "file,label,split", *rows)

    with pytest.raises(UserError) as raised:
        read_content(root, "labels.csv", DRAW)

    assert str(raised.value).startswith(f"{root / 'labels.csv'}:6: {message}")


def test_one_class_alone_is_refused(root: Path) -> None:
    listed(root, "file,label", "0.jpg,cat", "1.jpg,cat")

    with pytest.raises(UserError, match="two classes are needed"):
        read_content(root, "labels.csv", DRAW)


def test_a_missing_file_and_an_empty_one_are_refused(root: Path) -> None:
    with pytest.raises(MissingDataError):
        read_content(root, "none.csv", DRAW)
    listed(root, "file,label")
    with pytest.raises(UserError, match="lists no image"):
        read_content(root, "labels.csv", DRAW)


def test_classes_that_are_numbers_stand_in_the_order_of_their_values(root: Path) -> None:
    listed(root, "file,label,split", *(f"{n}.jpg,{label},{split}" for n, (label, split) in enumerate(
        (label, split) for label in ("10", "9") for split in ("train", "train", "val", "test")
    )))  # fmt: skip

    assert read_content(root, "labels.csv", DRAW).classes == ["9", "10"]
