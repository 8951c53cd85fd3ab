"""Pictures with exchanged backgrounds and targets, on images of flat colours."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from provbench.benchmarks.common import ImageRecord
from provbench.benchmarks.common.exchange import ExchangedImages
from provbench.registry.base import write_image, write_mask

RED, BLUE, GREEN, WHITE = (200, 0, 0), (0, 0, 200), (0, 200, 0), (250, 250, 250)


@pytest.fixture
def records(tmp_path: Path) -> list[ImageRecord]:
    """Two classes: a red square on green, and a blue one on white."""
    made = []
    for number, (target, background) in enumerate([(RED, GREEN), (BLUE, WHITE)] * 2):
        image = np.full((40, 40, 3), background, np.uint8)
        outline = np.zeros((40, 40), bool)
        outline[10:30, 10:30] = True
        image[outline] = target
        write_image(tmp_path / f"{number}.png", image)
        write_mask(tmp_path / f"{number}-mask.png", outline)
        label = number % 2
        made.append(
            ImageRecord(str(number), tmp_path / f"{number}.png", label, segmentation=tmp_path / f"{number}-mask.png")
        )
    return made


def colour(image: np.ndarray, row: int, column: int) -> tuple[int, ...]:
    return tuple(image[:, row, column].tolist())


def test_the_three_pictures_of_an_image(records: list[ImageRecord]) -> None:
    data = ExchangedImages(records, size=40, count=4)
    assert len(data) == 4
    item = data[0]
    own, background, target = item["images"].numpy()
    red_on_green = item["label"] == 0
    mine, around = (RED, GREEN) if red_on_green else (BLUE, WHITE)
    other, elsewhere = (BLUE, WHITE) if red_on_green else (RED, GREEN)
    for picture, inside, outside in ((own, mine, around), (background, mine, elsewhere), (target, other, around)):
        assert colour(picture, 20, 20) == pytest.approx(inside, abs=2)
        assert colour(picture, 2, 2) == pytest.approx(outside, abs=2)


def test_partners_are_of_other_classes_and_always_the_same(records: list[ImageRecord]) -> None:
    data = ExchangedImages(records, size=40, count=4)
    assert all(data.records[i].label != data.records[j].label for i, j in enumerate(data.partners))
    assert data.partners == ExchangedImages(records, size=40, count=4).partners


def test_images_without_a_segmentation_and_a_single_class_give_none(records: list[ImageRecord]) -> None:
    bare = [ImageRecord(record.id, record.path, record.label) for record in records]
    assert len(ExchangedImages(bare, size=40, count=4)) == 0
    assert len(ExchangedImages(records[::2], size=40, count=4)) == 0
    assert len(ExchangedImages([*records[:2], *bare[2:]], size=40, count=4)) == 2
