"""The readers of official layouts, beside torchvision's data set classes, and what they refuse."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from torchvision import datasets

from provbench.benchmarks.common import CAPTIONS, FEW_SHOT, read_captions
from provbench.benchmarks.layouts import Aircraft, Cars, Cub, Flowers, Layout, MiniSet, Pets, mini
from provbench.benchmarks.layouts.flowers import halves
from provbench.registry import MissingDataError, UserError
from provbench.registry.task import no_progress

SMALL = MiniSet(train=3, test=2, side=16)
LAYOUTS = (Aircraft, Cars, Cub, Flowers, Pets)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[type[Layout], Path]:
    """A small set in each layout."""
    root = tmp_path_factory.mktemp("layouts")
    for layout in LAYOUTS:
        mini.write(root / layout.__name__, layout(), no_progress, SMALL)
    return {layout: root / layout.__name__ for layout in LAYOUTS}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_what_is_written_is_read(folders: dict[type[Layout], Path], layout: type[Layout]) -> None:
    root, one = folders[layout], layout()
    parts = {part: one.read(root, part) for part in ("train", "test")}
    both = [record for records in parts.values() for record in records]
    captions = read_captions(root / CAPTIONS)

    assert len(both) == len({record.id for record in both}) == 50
    assert len(parts["train"]) == (20 if layout is Flowers else 30)
    assert np.bincount([record.label for record in both]).tolist() == [5] * 10
    assert [name.replace("_", " ") for name in one.class_names(root)] == [species.name for species in FEW_SHOT]
    assert all(record.path.is_file() for record in both)
    assert all(path.is_file() for path in one.annotation_files(root))
    assert {record.id for record in both} == set(captions)
    assert all(set(context) == {"background", "pose"} for context in captions.values())


@pytest.mark.parametrize(
    ("layout", "peer"),
    [
        (Aircraft, lambda root, part: datasets.FGVCAircraft(root, "trainval" if part == "train" else "test")),
        (Cars, lambda root, part: datasets.StanfordCars(root, part)),
        (Pets, lambda root, part: datasets.OxfordIIITPet(root, "trainval" if part == "train" else "test")),
    ],
)
def test_torchvision_reads_the_same(
    folders: dict[type[Layout], Path], layout: type[Layout], peer: Callable[[Path, str], Any]
) -> None:
    root = folders[layout]
    for part in ("train", "test"):
        theirs, ours = peer(root, part), layout().read(root, part)
        assert len(theirs) == len(ours)
        for place in range(0, len(ours), 7):
            image, label = theirs[place]
            assert label == ours[place].label
            assert image.filename if hasattr(image, "filename") else True
        assert [str(path) for path in _files(theirs)] == [str(record.path) for record in ours]


def _files(theirs: Any) -> list[Any]:
    """The files of a torchvision data set."""
    if isinstance(theirs, datasets.FGVCAircraft):
        return theirs._image_files
    return theirs._images if isinstance(theirs, datasets.OxfordIIITPet) else [path for path, _ in theirs._samples]


def test_torchvision_reads_the_flowers_too(folders: dict[type[Layout], Path], monkeypatch: pytest.MonkeyPatch) -> None:
    root = folders[Flowers]
    monkeypatch.setattr(datasets.Flowers102, "_check_integrity", lambda self: True)
    theirs = datasets.Flowers102(root, "test")
    ours = {str(one.path): one.label for part in ("train", "test") for one in Flowers().read(root, part)}

    assert dict(zip(map(str, theirs._image_files), theirs._labels, strict=True)) == ours


def test_flowers_are_halved_class_by_class_with_one_generator() -> None:
    labels = np.array([0, 1, 0, 1, 0, 1, 1])
    rng = np.random.default_rng(0)
    first, second = rng.permutation([0, 2, 4]).tolist(), rng.permutation([1, 3, 5, 6]).tolist()

    assert halves(labels) == {"train": [*first[:1], *second[:2]], "test": [*first[1:], *second[2:]]}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_missing_data_say_where_to_get_them(tmp_path: Path, layout: type[Layout]) -> None:
    with pytest.raises(MissingDataError, match=str(tmp_path)):
        layout().read(tmp_path, "train")


def test_damaged_files_are_refused(folders: dict[type[Layout], Path], tmp_path: Path) -> None:
    (tmp_path / "stanford_cars" / "devkit").mkdir(parents=True)
    (tmp_path / "stanford_cars" / "devkit" / "cars_meta.mat").write_bytes(b"nothing")
    with pytest.raises(UserError, match=r"cars_meta.mat: cannot be read as a MATLAB file"):
        Cars().read(tmp_path, "train")


@pytest.mark.parametrize(
    ("layout", "file", "text", "complaint"),
    [
        (Aircraft, "fgvc-aircraft-2013b/data/images_variant_test.txt", "1 No such\n", r"test.txt:1: expected an image"),
        (Pets, "oxford-iiit-pet/annotations/test.txt", "A_1 x 1 1\n", r"test.txt:1: expected image, class"),
        (Pets, "oxford-iiit-pet/annotations/test.txt", "A_1 99 1 1\n", r"test.txt:1: class must be one of"),
        (Cub, "CUB_200_2011/image_class_labels.txt", "1 77\n", "must have lines in|label must be at most 10"),
    ],
)
def test_wrong_lines_are_refused(tmp_path: Path, layout: type[Layout], file: str, text: str, complaint: str) -> None:
    mini.write(tmp_path, layout(), no_progress, MiniSet(train=1, test=1, side=16))
    (tmp_path / file).write_text(text)

    with pytest.raises(UserError, match=complaint):
        layout().read(tmp_path, "test")
