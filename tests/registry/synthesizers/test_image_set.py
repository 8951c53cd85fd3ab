"""Taking in generated images of any tool."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from provbench.registry import SYNTHESIZERS, MissingDataError, UserError
from provbench.registry.base import write_image, write_mask
from provbench.registry.synthesizers.generated_files import ClassNames
from provbench.registry.synthesizers.manifest import SyntheticSet, read_manifest

NAMES = ("001.Black_footed_Albatross", "Jay")


class Birds:
    """Four training images of two classes."""

    num_classes = 2

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __len__(self) -> int:
        return 4

    def sample_id(self, index: int) -> str:
        return f"train/{index}"

    def label(self, index: int) -> int:
        return index % 2

    def class_names(self) -> Sequence[str]:
        return NAMES

    def image(self, index: int) -> np.ndarray:
        return np.zeros((8, 8, 3), dtype=np.uint8)

    def segmentation(self, index: int) -> np.ndarray:
        raise MissingDataError("none")


@pytest.fixture
def data(tmp_path: Path) -> Birds:
    return Birds(tmp_path / "birds")


def draw(path: Path, seed: int = 0, side: int = 8) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_image(path, np.random.default_rng(seed).integers(0, 256, (side, side, 3), dtype=np.uint8))


def take(data: Birds, out: Path, **params: object) -> SyntheticSet:
    out.mkdir()
    SYNTHESIZERS.build("image-set", **params).synthesize(data, out, lambda done, total: None)
    return read_manifest(out)


def fingerprint(data: Birds, **params: object) -> str:
    return SYNTHESIZERS.build("image-set", **params).fingerprint(data)


@pytest.mark.parametrize(
    ("name", "label"),
    [("Jay", 1), ("jay", 1), ("1", 1), ("0", 0), ("Black footed albatross", 0), ("black-footed-albatross", 0)],
)
def test_classes_are_found_by_name_number_or_another_spelling(name: str, label: int) -> None:
    assert ClassNames(NAMES).label(name) == label


def test_names_that_differ_by_spelling_alone_must_be_exact() -> None:
    names = ClassNames(("jay", "Jay", "7"))

    assert [names.label(name) for name in ("jay", "Jay", "7", "2")] == [0, 1, 2, 2]
    with pytest.raises(UserError, match="'JAY' is no class of the task, nor a number from 0 to 2"):
        names.label("JAY")


def test_folders_of_classes_are_taken_in_with_their_masks(data: Birds, tmp_path: Path) -> None:
    root = data.folder / "generated"
    for number, name in enumerate(("jay/b.png", "jay/a.jpg", "black footed albatross/deep/c.jpg")):
        draw(root / name, number)
    (root / "masks" / "jay").mkdir(parents=True)
    write_mask(root / "masks" / "jay" / "a.png", np.eye(8, dtype=bool))
    found = take(data, tmp_path / "out")

    assert [(row.label, row.change, row.source) for row in found.rows] == [
        (0, "image set, black footed albatross/deep/c.jpg", None),
        (1, "image set, jay/a.jpg", None),
        (1, "image set, jay/b.png", None),
    ]
    mask = found.mask(1)
    assert mask is not None
    assert (mask == np.eye(8, dtype=bool)).all()
    assert found.mask(0) is None
    assert found.image(0).shape == (8, 8, 3)


def test_a_csv_names_masks_sources_and_captions(data: Birds, tmp_path: Path) -> None:
    draw(tmp_path / "tool" / "x.png")
    write_mask(tmp_path / "tool" / "m.png", np.ones((8, 8), dtype=bool))
    path = tmp_path / "tool" / "list.csv"
    path.write_text('file,label,mask,source,caption\nx.png,1,m.png,train/3,"a jay, asleep"\n')
    (row,) = take(data, tmp_path / "out", path=str(path)).rows

    assert (row.label, row.source, row.prompt, row.mask) == (1, "train/3", "a jay, asleep", "masks/000000.png")
    assert fingerprint(data, path=str(path)) == fingerprint(data, path=str(path.parent))


def test_the_fingerprint_is_of_the_contents_and_not_of_the_place(data: Birds, tmp_path: Path) -> None:
    draw(tmp_path / "one" / "jay" / "0.png")
    before = fingerprint(data, path=str(tmp_path / "one"))
    (tmp_path / "one").rename(tmp_path / "two")

    assert fingerprint(data, path=str(tmp_path / "two")) == before
    draw(tmp_path / "two" / "jay" / "0.png", 1)
    assert fingerprint(data, path=str(tmp_path / "two")) != before


def test_at_most_so_many_of_a_class_are_taken(data: Birds, tmp_path: Path) -> None:
    for number in range(5):
        draw(data.folder / "generated" / "jay" / f"{number}.png", number)
    draw(data.folder / "generated" / "0" / "0.png")
    sets = [take(data, tmp_path / str(seed), per_class=2, seed=seed) for seed in range(4)]

    assert [[row.label for row in found.rows] for found in sets] == [[0, 1, 1]] * 4
    assert len({tuple(row.change for row in found.rows) for found in sets}) > 1


def test_what_is_missing_is_told_with_its_remedy(data: Birds) -> None:
    (message,) = SYNTHESIZERS.build("image-set").missing_inputs(data)

    assert message.startswith(f"{data.folder / 'generated'}: no such folder: put the generated images there")


def test_folders_of_no_class_are_named(data: Birds) -> None:
    draw(data.folder / "generated" / "Jayy" / "0.png")
    draw(data.folder / "generated" / "2" / "0.png")

    with pytest.raises(UserError) as raised:
        fingerprint(data)

    first, second = str(raised.value).split("\n")
    assert first.startswith(f"{data.folder / 'generated' / '2'}: '2' is no class of the task, nor a number from 0 to 1")
    assert second.startswith(f"{data.folder / 'generated' / 'Jayy'}: 'Jayy' is no class")
    assert "did you mean 'Jay'" in second


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("none.png,jay,,", "file 'none.png': no such file in"),
        ("/x.png,jay,,", "file must be a path inside"),
        ("x.png,owl,,", "label 'owl' is no class of the task"),
        ("x.png,jay,none.png,", "mask 'none.png': no such file"),
        ("x.png,jay,,test/9", "source 'test/9' is no training image of the task"),
        ("x.png,jay,", "expected 4 columns (got 3)"),
        ("first.png,jay,,", "file 'first.png' is listed already"),
    ],
)
def test_faults_of_a_csv_are_named_with_their_lines(data: Birds, row: str, message: str) -> None:
    for name in ("first.png", "x.png"):
        draw(data.folder / "generated" / name)
    path = data.folder / "generated" / "list.csv"
    path.write_text(f"file,label,mask,source\nfirst.png,0,,\n{row}\n")

    with pytest.raises(UserError) as raised:
        fingerprint(data)

    assert str(raised.value).startswith(f"{path}:3: ")
    assert message in str(raised.value)


def test_an_unknown_column_an_empty_folder_and_two_lists_are_refused(data: Birds) -> None:
    root = data.folder / "generated"
    root.mkdir(parents=True)
    with pytest.raises(UserError, match="holds no image"):
        fingerprint(data)
    (root / "a.csv").write_text("file,lable\n")
    with pytest.raises(UserError, match=r"a.csv:1: unknown column 'lable': did you mean 'label'"):
        fingerprint(data)
    (root / "b.csv").write_text("file,label\n")
    with pytest.raises(UserError, match="holds 2 CSV files: name the one"):
        fingerprint(data)


def test_a_mask_of_another_size_is_refused(data: Birds, tmp_path: Path) -> None:
    draw(data.folder / "generated" / "jay" / "0.png")
    (data.folder / "generated" / "masks" / "jay").mkdir(parents=True)
    write_mask(data.folder / "generated" / "masks" / "jay" / "0.png", np.ones((4, 8), dtype=bool))

    with pytest.raises(UserError, match=r"mask masks/jay/0.png has 8x4 pixels, and jay/0.png 8x8"):
        take(data, tmp_path / "out")
