"""Taking in a folder of edited images."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from provbench.registry import SYNTHESIZERS, MissingDataError, UserError
from provbench.registry.synthesizers.difference import provenance_from_difference
from provbench.registry.synthesizers.manifest import SyntheticSet, read_manifest


class Stripes:
    """Six images of two classes: 0 0 0 1 1 1."""

    num_classes = 2

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __len__(self) -> int:
        return 6

    def sample_id(self, index: int) -> str:
        return f"stripes/{index}"

    def label(self, index: int) -> int:
        return index // 3

    def image(self, index: int) -> np.ndarray:
        return np.random.default_rng(index).integers(0, 256, (24, 32, 3), dtype=np.uint8)

    def segmentation(self, index: int) -> np.ndarray:
        raise MissingDataError("none")


@pytest.fixture
def data(tmp_path: Path) -> Stripes:
    """Two edits of each image but the last, whose right half is new."""
    stripes = Stripes(tmp_path / "data")
    folder = stripes.folder / "edits" / "alia"
    folder.mkdir(parents=True)
    for index in range(5):
        for edit in range(2):
            image = stripes.image(index)
            image[:, 16:] = 255 - image[:, 16:]
            Image.fromarray(image).save(folder / f"{index}-{edit}.png")
    (folder / "prompts.txt").write_text("not an image")
    return stripes


def take(data: Stripes, out: Path, **params: object) -> SyntheticSet:
    out.mkdir()
    SYNTHESIZERS.build("edited-images", **params).synthesize(data, out, lambda done, total: None)
    return read_manifest(out)


def test_edits_keep_their_label_and_source_and_get_the_mask_of_the_difference(data: Stripes, tmp_path: Path) -> None:
    taken = take(data, tmp_path / "out", per_source=None)
    assert len(taken) == 10
    for place, row in enumerate(taken.rows):
        index = int(Path(row.file).name.partition("-")[0])
        assert (row.source, row.label) == (f"stripes/{index}", index // 3)
        mask = taken.mask(place)
        expected = provenance_from_difference(data.image(index), taken.image(place), channel="max", scale="log")
        assert mask is not None
        np.testing.assert_array_equal(mask, expected)
        assert mask[:, :16].all()
        assert mask[:, 16:].mean() < 0.2


def test_one_edit_of_a_source_and_so_many_of_a_class(data: Stripes, tmp_path: Path) -> None:
    taken = take(data, tmp_path / "out", per_class=(2, 1))
    assert sorted(row.label for row in taken.rows) == [0, 0, 1]
    assert len({row.source for row in taken.rows}) == 3
    again = take(data, tmp_path / "again", per_class=(2, 1))
    assert again.rows == taken.rows
    assert sorted(row.label for row in take(data, tmp_path / "one", per_class=1).rows) == [0, 1]
    with pytest.raises(UserError, match="one number for each of the 2 classes"):
        take(data, tmp_path / "wrong", per_class=(2,))


def test_the_fingerprint_follows_the_contents(data: Stripes) -> None:
    plugin = SYNTHESIZERS.build("edited-images")
    before = plugin.fingerprint(data)
    assert before == plugin.fingerprint(data)
    Image.fromarray(data.image(5)).save(data.folder / "edits" / "alia" / "0-0.png")
    assert plugin.fingerprint(data) != before


def test_missing_folder_and_foreign_edits(data: Stripes, tmp_path: Path) -> None:
    with pytest.raises(MissingDataError, match="lisadunlap/ALIA"):
        take(data, tmp_path / "out", edits="other")
    Image.fromarray(data.image(0)).save(data.folder / "edits" / "alia" / "6-0.png")
    with pytest.raises(UserError, match="training image 6, but there are 6"):
        take(data, tmp_path / "foreign")


def test_each_edit_has_a_mask_of_its_own(data: Stripes, tmp_path: Path) -> None:
    folder = data.folder / "edits" / "alia"
    (folder / "prompt").mkdir()
    for name, rows in (("0-0.bmp", slice(0, 6)), ("0-0.webp", slice(6, 12)), ("prompt/0-0.png", slice(12, 18))):
        image = data.image(0)
        image[rows] = 255 - image[rows]
        Image.fromarray(image).save(folder / name, lossless=True)
    taken = take(data, tmp_path / "out", per_source=None)

    assert len(taken) == 13
    assert len({row.mask for row in taken.rows}) == len({Path(row.file).stem for row in taken.rows}) == 13
    for place, row in enumerate(taken.rows):
        assert row.source is not None
        source = data.image(int(row.source.split("/")[1]))
        mask = taken.mask(place)
        assert mask is not None
        own = provenance_from_difference(source, taken.image(place), channel="max", scale="log")
        np.testing.assert_array_equal(mask, own)


def test_files_that_are_passed_over_are_told(data: Stripes, tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match=r"edits/alia: 1 of 11 files are passed over.*\(prompts.txt\)"):
        take(data, tmp_path / "out")


def test_edits_of_wrong_images_are_refused(data: Stripes, tmp_path: Path) -> None:
    folder = data.folder / "edits" / "alia"
    for index in range(3):
        (folder / f"{index}-0.png").rename(folder / f"{index}-7.png")
        (folder / f"{index}-1.png").rename(folder / f"{(index + 1) % 3}-0.png")
    with pytest.raises(UserError, match="do not resemble"):
        take(data, tmp_path / "out", edits="alia", per_class=(3, 0), seed=1)


def test_the_fingerprint_follows_the_sources(data: Stripes) -> None:
    plugin, mapping = SYNTHESIZERS.build("edited-images"), data.folder / "edits" / "alia" / "mapping.csv"
    mapping.write_text("edit,source\n0-0.png,stripes/0\n")
    before = plugin.fingerprint(data)
    mapping.write_text("edit,source\n0-0.png,stripes/1\n")
    assert plugin.fingerprint(data) != before
