from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from provbench.benchmarks.common.records import ImageRecord
from provbench.benchmarks.common.training_set import RecordTrainingSet
from provbench.registry import MissingDataError


def test_it_shows_a_synthesizer_images_labels_and_outlines(tmp_path: Path) -> None:
    pixels = np.arange(4 * 5 * 3, dtype=np.uint8).reshape(4, 5, 3)
    outline = np.zeros((4, 5), np.uint8)
    outline[1:3, 2:] = 255
    Image.fromarray(pixels).save(tmp_path / "a.png")
    Image.fromarray(outline).save(tmp_path / "outline.png")
    data = RecordTrainingSet(
        [ImageRecord("a", tmp_path / "a.png", 6, segmentation=tmp_path / "outline.png")], 7, folder=tmp_path
    )

    assert (len(data), data.num_classes, data.sample_id(0), data.label(0)) == (1, 7, "a", 6)
    assert data.folder == tmp_path
    np.testing.assert_array_equal(data.image(0), pixels)
    np.testing.assert_array_equal(data.segmentation(0), outline == 255)


def test_no_outline_says_where_to_get_one(tmp_path: Path) -> None:
    data = RecordTrainingSet(
        [ImageRecord("bird 1", tmp_path / "a.png", 0)], 1, folder=tmp_path, hint="Get the outlines."
    )

    with pytest.raises(MissingDataError, match=r"bird 1: the data set has no segmentation of it. Get the outlines."):
        data.segmentation(0)
