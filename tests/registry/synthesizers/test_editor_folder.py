"""From the training images to an editor, and back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from provbench.benchmarks.common.records import ImageRecord
from provbench.benchmarks.common.training_set import RecordTrainingSet
from provbench.registry import SYNTHESIZERS, UserError
from provbench.registry.synthesizers.editor_folder import export_images
from provbench.registry.synthesizers.edits import MAPPING
from provbench.registry.synthesizers.manifest import read_manifest
from provbench.registry.task import no_progress


@pytest.fixture
def data(tmp_path: Path) -> RecordTrainingSet:
    root, records = tmp_path / "set", []
    root.mkdir()
    for number in range(12):
        path = root / f"{number}.png"
        Image.fromarray(np.random.default_rng(number).integers(0, 256, (16, 16, 3), dtype=np.uint8)).save(path)
        records.append(ImageRecord(f"image {number}", path, number % 2))
    return RecordTrainingSet(records, 2, folder=root)


def test_edits_of_exported_images_find_their_sources_in_another_order(data: RecordTrainingSet, tmp_path: Path) -> None:
    to = tmp_path / "for" / "editor"
    assert export_images(data, to, no_progress) == 12
    np.testing.assert_array_equal(np.asarray(Image.open(to / "000003.png")), data.image(3))
    folder = data.folder / "edits" / "mine"
    (folder / "first class").mkdir(parents=True)
    for number in range(12):
        image = np.asarray(Image.open(to / f"{number:06d}.png")).copy()
        image[:, :4] = 255 - image[:, :4]
        Image.fromarray(image).save(folder / "first class" / f"{number:06d}-0.webp", lossless=True)
    (folder / MAPPING).write_bytes((to / MAPPING).read_bytes())
    turned = RecordTrainingSet(data.records[::-1], 2, folder=data.folder)
    out = tmp_path / "out"
    SYNTHESIZERS.build("edited-images", edits="mine").synthesize(turned, out, no_progress)

    taken = read_manifest(out)
    assert len(taken) == 12
    for place, row in enumerate(taken.rows):
        assert row.change == f"edits/mine/first class/{int((row.source or '').split()[1]):06d}-0.webp"
        mask = taken.mask(place)
        assert mask is not None
        assert mask[:, 4:].all()


def test_a_folder_with_anything_in_it_is_left_alone(data: RecordTrainingSet, tmp_path: Path) -> None:
    (tmp_path / "to").mkdir()
    (tmp_path / "to" / "mine.txt").touch()
    with pytest.raises(UserError, match=r"to: is not an empty folder"):
        export_images(data, tmp_path / "to", no_progress)
    with pytest.raises(UserError, match=r"mine.txt: is not an empty folder"):
        export_images(data, tmp_path / "to" / "mine.txt", no_progress)


def test_an_export_that_fails_leaves_nothing(data: RecordTrainingSet, tmp_path: Path) -> None:
    data.records[5].path.unlink()
    (tmp_path / "to").mkdir()
    with pytest.raises(UserError, match="no such image"):
        export_images(data, tmp_path / "to", no_progress)
    assert list((tmp_path / "to").iterdir()) == []
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []
