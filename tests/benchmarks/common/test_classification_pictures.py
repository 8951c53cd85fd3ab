"""The panel of the input gradient, with and without the bird's outline."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from provbench.benchmarks.common.classification_pictures import PANEL, gradient_panel
from provbench.benchmarks.common.pictures import TRUE
from provbench.benchmarks.common.records import ImageRecord
from provbench.registry.base.image_files import write_mask


@pytest.fixture
def record(tmp_path: Path) -> ImageRecord:
    """A bird that is the left half of a 100 x 60 image's middle."""
    mask = np.zeros((60, 100), bool)
    mask[15:45, :50] = True
    write_mask(tmp_path / "outline.png", mask)
    return ImageRecord("a.jpg", tmp_path / "a.jpg", 0, segmentation=tmp_path / "outline.png")


def text(caption: object) -> str:
    return caption if isinstance(caption, str) else "".join(part for part, _ in caption)  # pyright: ignore


def test_the_outline_is_drawn_and_the_share_within_told(record: ImageRecord) -> None:
    gradient = np.zeros((8, 8), np.float32)
    gradient[3, 2], gradient[7, 7] = 3, 1
    panel, caption = gradient_panel(gradient, record, "the bird")

    assert text(caption) == "input gradient energy: 90 % on the bird (area 25 %)"
    green = (panel == np.array(TRUE)).all(axis=-1)
    rows, columns = np.nonzero(green)
    assert panel.shape == (PANEL, PANEL, 3)
    assert abs(rows.min() - PANEL / 4) < 4
    assert abs(rows.max() - 3 * PANEL / 4) < 4
    assert columns.min() < 4
    assert abs(columns.max() - PANEL / 2) < 4
    assert not green[PANEL // 2, 10 : PANEL // 2 - 10].any()  # the bird itself is not covered


def test_without_an_outline_the_gradient_is_all(record: ImageRecord) -> None:
    panel, caption = gradient_panel(np.ones((8, 8), np.float32), replace(record, segmentation=None), "the bird")

    assert text(caption) == "input gradient"
    assert (panel == panel[0, 0]).all()


def test_a_net_without_a_gradient_has_no_share(record: ImageRecord) -> None:
    assert "energy: - on the bird" in text(gradient_panel(np.zeros((8, 8), np.float32), record, "the bird")[1])
