"""Tubes over frames: pixel by pixel on synthetic frames, and of finished runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from provbench.benchmarks.ucf101_24.video import read_frames
from provbench.registry import UserError
from provbench.tools.tubes import (
    FOUND,
    GAP,
    HEADER,
    NOW,
    OFF,
    TIMELINE,
    TRUE,
    Method,
    draw,
    draw_tubes,
    save,
    side_by_side,
    strip,
    timeline,
)

GREY = (128, 128, 128)


def grey_frames(count: int = 10, height: int = 40, width: int = 60) -> np.ndarray:
    return np.full((count, height, width, 3), 128, np.uint8)


def tube(first: int, stop: int, box: tuple[float, float, float, float]) -> dict[str, Any]:
    return {"frames": np.arange(first, stop), "boxes": np.tile(box, (stop - first, 1))}


def is_colour(image: np.ndarray, colour: tuple[int, int, int]) -> np.ndarray:
    return (image == np.array(colour)).all(axis=-1)


def test_a_box_is_outlined_in_its_frames_only() -> None:
    frames = grey_frames()
    draw_tubes(frames, [tube(3, 6, (10, 5, 30, 25))], TRUE)
    green = is_colour(frames, TRUE)
    assert green.any(axis=(1, 2)).tolist() == [3 <= place < 6 for place in range(10)]
    expected = np.zeros((40, 60), bool)
    expected[5:25, 10:30] = True
    expected[7:23, 12:28] = False
    for place in range(3, 6):
        np.testing.assert_array_equal(green[place], expected)
    assert is_colour(frames[~green], GREY).all()


def test_fractions_of_pixels_widen_the_box_and_the_frame_cuts_it() -> None:
    frames = grey_frames(1)
    draw_tubes(frames, [tube(0, 1, (10.6, 5.2, 29.1, 24.4))], TRUE)
    rows, columns = np.nonzero(is_colour(frames[0], TRUE))
    assert (columns.min(), rows.min(), columns.max(), rows.max()) == (10, 5, 29, 24)
    frames = grey_frames(2)
    draw_tubes(frames, [tube(-2, 5, (-8, 30, 12, 90))], FOUND)
    red = is_colour(frames[0], FOUND)
    assert red[30:32, :12].all()
    assert red[30:, 10:12].all()
    assert red.sum() == 2 * 12 + 8 * 2
    np.testing.assert_array_equal(red, is_colour(frames[1], FOUND))


def test_the_timeline_shows_when_and_now() -> None:
    bar = timeline([tube(2, 5, (0, 0, 9, 9))], [tube(4, 9, (0, 0, 9, 9)), tube(0, 1, (0, 0, 9, 9))], 10, 60)
    assert bar.shape == (10, TIMELINE, 60, 3)
    upper, lower = bar[9, 0], bar[9, -1]
    frame_of = np.arange(60) // 6
    here = np.zeros(60, bool)
    here[57] = True  # the middle of the last frame's six columns
    assert is_colour(upper[here], NOW).all()
    assert (is_colour(upper, TRUE) | here).tolist() == (np.isin(frame_of, [2, 3, 4]) | here).tolist()
    assert (is_colour(lower, FOUND) | here).tolist() == (np.isin(frame_of, [0, 4, 5, 6, 7, 8]) | here).tolist()
    assert is_colour(upper[~here & (frame_of != 2) & (frame_of != 3) & (frame_of != 4)], OFF).all()
    assert [int(np.flatnonzero(is_colour(row[0], NOW))[0]) for row in bar] == list(range(3, 60, 6))


def test_more_frames_than_columns() -> None:
    bar = timeline([tube(0, 100, (0, 0, 1, 1))], [], 100, 7)
    assert is_colour(bar, NOW).sum() == 100 * TIMELINE
    assert np.flatnonzero(is_colour(bar[99, 0], NOW)).tolist() == [6]


def test_a_panel_a_method() -> None:
    frames, truth = grey_frames(), [tube(2, 5, (10, 5, 30, 25))]
    methods = [Method("baseline", []), Method("guidance", [tube(2, 4, (40, 8, 55, 30))])]
    plain, guided = draw(frames, truth, methods)
    assert plain.shape == guided.shape == (10, HEADER + 40 + TIMELINE, 60, 3)
    assert plain.dtype == np.uint8
    picture = slice(HEADER, HEADER + 40)
    assert is_colour(plain[3, picture], TRUE).sum() == is_colour(guided[3, picture], TRUE).sum() == 20 * 20 - 16 * 16
    assert not is_colour(plain[:, picture], FOUND).any()
    assert is_colour(guided[3, picture], FOUND).sum() == 15 * 22 - 11 * 18
    assert not is_colour(guided[4, picture], FOUND).any()
    assert is_colour(frames, GREY).all()  # they are not drawn on
    assert (plain[0, :HEADER] != guided[0, :HEADER]).any()  # the labels differ
    assert (plain[0, :HEADER] < 100).any()


def test_scaled_frames_have_scaled_boxes() -> None:
    [panel] = draw(grey_frames(2), [tube(0, 2, (10, 5, 30, 25))], [Method("", [])], width=120)
    assert panel.shape == (2, HEADER + 80 + TIMELINE, 120, 3)
    rows, columns = np.nonzero(is_colour(panel[0, HEADER : HEADER + 80], TRUE))
    assert (columns.min(), rows.min(), columns.max(), rows.max()) == (20, 10, 59, 49)


def test_strip_and_animation_put_panels_where_they_belong() -> None:
    panels = [np.full((10, 6, 8, 3), 20, np.uint8), np.full((10, 6, 8, 3), 90, np.uint8)]
    for panel in panels:
        panel += np.arange(10, dtype=np.uint8)[:, None, None, None]
    page = strip(panels, columns=4)
    assert page.shape == (2 * 6 + GAP, 4 * 8 + 3 * GAP, 3)
    for row, value in enumerate((20, 90)):
        for column, place in enumerate((0, 3, 6, 9)):
            top, left = row * (6 + GAP), column * (8 + GAP)
            assert (page[top : top + 6, left : left + 8] == value + place).all()
    assert (page[6 : 6 + GAP] == 255).all()
    film = side_by_side(panels)
    assert film.shape == (10, 6, 2 * 8 + GAP, 3)
    assert (film[4, :, :8] == 24).all()
    assert (film[4, :, 8 + GAP :] == 94).all()
    assert strip([panels[0][:3]], columns=8).shape == (6, 3 * 8 + 2 * GAP, 3)


@pytest.mark.parametrize("suffix", [".png", ".gif", ".mp4"])
def test_files(tmp_path: Path, suffix: str) -> None:
    panels = draw(grey_frames(), [tube(2, 8, (10, 5, 30, 25))], [Method("a", []), Method("b", [])])
    path = tmp_path / "pictures" / f"a{suffix}"
    save(path, panels, columns=4, rate=10)
    if suffix == ".mp4":
        frames = list(read_frames(path))
        assert len(frames) == 10
        assert np.abs(frames[4].astype(int) - side_by_side(panels)[4]).mean() < 10
        return
    with Image.open(path) as image:
        expected = strip(panels, 4) if suffix == ".png" else side_by_side(panels)[0]
        assert image.size == (expected.shape[1], expected.shape[0])
        if suffix == ".gif":
            assert getattr(image, "n_frames", 1) == 10
            assert image.info["duration"] == 100
        assert np.abs(np.asarray(image.convert("RGB")).astype(int) - expected).mean() < 3


def test_what_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"a\.bmp: expected a name that ends in \.png, \.gif, \.mp4 \(got '\.bmp'\)"):
        save(tmp_path / "a.bmp", [grey_frames()])
    for frames in (np.zeros((0, 4, 4, 3), np.uint8), np.zeros((2, 4, 4), np.uint8), np.zeros((2, 4, 4, 3))):
        with pytest.raises(ValueError, match="frames must be"):
            draw(frames, [], [])
