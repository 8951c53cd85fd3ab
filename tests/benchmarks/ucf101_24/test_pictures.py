"""Tubes over frames and skeletons, pixel by pixel."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from provbench.benchmarks.common.pictures import FOUND, SPACE, TRUE
from provbench.benchmarks.ucf101_24.pictures import (
    BAR,
    JOINT,
    NOW,
    OFF,
    WALL,
    draw_tubes,
    mean_overlap,
    skeleton_frame,
    strip,
    time_bar,
    with_tubes,
)
from provbench.benchmarks.ucf101_24.skeletons import JOINTS, Skeletons

GREY = (128, 128, 128)


def grey_frames(count: int = 10, height: int = 40, width: int = 60) -> np.ndarray:
    return np.full((count, height, width, 3), 128, np.uint8)


def tube(first: int, stop: int, box: tuple[float, float, float, float], label: int = 0) -> dict[str, Any]:
    return {"frames": np.arange(first, stop), "boxes": np.tile(box, (stop - first, 1)), "label": label}


def is_colour(image: np.ndarray, colour: tuple[int, int, int]) -> np.ndarray:
    return (image == np.array(colour)).all(axis=-1)


def test_a_box_is_outlined_in_its_frames_only() -> None:
    frames = grey_frames()
    draw_tubes(frames, range(10), [tube(3, 6, (10, 5, 30, 25))], TRUE)
    green = is_colour(frames, TRUE)

    assert green.any(axis=(1, 2)).tolist() == [3 <= number < 6 for number in range(10)]
    assert (green[3:6].sum(axis=(1, 2)) == 20 * 20 - 16 * 16).all()
    assert is_colour(frames[~green], GREY).all()


def test_frames_may_be_some_of_a_videos() -> None:
    frames = grey_frames(3)
    draw_tubes(frames, [1, 4, 8], [tube(3, 6, (10, 5, 30, 25)), tube(8, 20, (0, 0, 4, 4))], FOUND)

    assert is_colour(frames, FOUND).sum(axis=(1, 2)).tolist() == [0, 20 * 20 - 16 * 16, 16]


def test_true_and_found_tubes_are_drawn_on_a_copy() -> None:
    frames, truth, found = grey_frames(), [tube(2, 5, (10, 5, 30, 25))], [tube(2, 4, (40, 8, 55, 30))]
    drawn = with_tubes(frames, range(10), truth, found)

    assert is_colour(drawn[3], TRUE).sum() == 20 * 20 - 16 * 16
    assert is_colour(drawn[3], FOUND).sum() == 15 * 22 - 11 * 18
    assert not is_colour(drawn[4], FOUND).any()
    assert is_colour(frames, GREY).all()


def test_scaled_frames_have_scaled_boxes() -> None:
    drawn = with_tubes(grey_frames(2), [0, 1], [tube(0, 2, (10, 5, 30, 25))], [], width=120)

    assert drawn.shape == (2, 80, 120, 3)
    rows, columns = np.nonzero(is_colour(drawn[0], TRUE))
    assert (columns.min(), rows.min(), columns.max(), rows.max()) == (20, 10, 59, 49)


def test_the_bar_shows_when_and_marks_frames() -> None:
    bar = time_bar([tube(2, 5, (0, 0, 9, 9))], [tube(4, 9, (0, 0, 9, 9)), tube(0, 1, (0, 0, 9, 9))], 10, 60, [9, 3])
    assert bar.shape == (BAR, 60, 3)
    upper, lower, frame_of = bar[0], bar[-1], np.arange(60) // 6
    marked = np.isin(np.arange(60), [57, 21])  # the middles of the frames' six columns

    assert is_colour(bar[:, marked], NOW).all()
    assert (is_colour(upper, TRUE) | marked).tolist() == (np.isin(frame_of, [2, 3, 4]) | marked).tolist()
    assert (is_colour(lower, FOUND) | marked).tolist() == (np.isin(frame_of, [0, 4, 5, 6, 7, 8]) | marked).tolist()
    assert is_colour(upper[~marked & ~np.isin(frame_of, [2, 3, 4])], OFF).all()


def test_more_frames_than_columns() -> None:
    bar = time_bar([tube(-3, 120, (0, 0, 1, 1))], [], 100, 7, [99])

    assert np.flatnonzero(is_colour(bar[0], NOW)).tolist() == [6]
    assert is_colour(bar[0, :6], TRUE).all()


def test_a_strip_has_its_frames_above_their_marks() -> None:
    frames = grey_frames(3) + np.array([0, 1, 2], np.uint8)[:, None, None, None]
    picture = strip(frames, [2, 5, 8], 10, [], [tube(0, 10, (0, 0, 60, 40))], width=60)

    width = 3 * 60 + 2 * SPACE
    assert picture.shape == (40 + SPACE + BAR, width, 3)
    for column, left in enumerate((0, 60 + SPACE, 2 * (60 + SPACE))):
        assert (picture[5:35, left + 5 : left + 55] == 128 + column).all()
    bar = picture[40 + SPACE :]
    assert np.flatnonzero(is_colour(bar[0], NOW)).tolist() == [(2 * n + 1) * width // 20 for n in (2, 5, 8)]
    assert (is_colour(bar[-1], FOUND) | is_colour(bar[-1], NOW)).all()


def test_overlap_is_the_best_of_the_right_class() -> None:
    truth = [tube(0, 10, (0, 0, 10, 10)), tube(0, 10, (20, 0, 30, 10), label=1)]
    found = [tube(0, 5, (0, 0, 10, 10)), tube(0, 10, (0, 0, 10, 2)), tube(0, 10, (20, 0, 30, 10), label=2)]

    assert mean_overlap(found, truth) == pytest.approx((0.5 + 0) / 2)
    assert mean_overlap([], truth) == 0
    assert np.isnan(mean_overlap(found, []))


def skeletons(scores: float) -> Skeletons:
    """Someone with a straight left arm from (100, 200) over (300, 200) to (500, 200), in frame 1 of 2."""
    keypoints, sure = np.zeros((1, 2, JOINTS, 2), np.float32), np.zeros((1, 2, JOINTS), np.float32)
    keypoints[0, 1, [5, 7, 9]] = (100, 200), (300, 200), (500, 200)
    sure[0, 1, [5, 7, 9]] = scores
    return Skeletons("Biking/v_Biking_g01_c01", 0, (400, 600), keypoints, sure)


def test_skeletons_are_lines_between_the_joints_that_are_there() -> None:
    frame = skeleton_frame(skeletons(1.0), 1)

    assert frame.shape == (400, 600, 3)
    assert is_colour(frame[200, 100:501], JOINT).all()
    for nothing in (frame[:195], frame[206:], frame[:, :95], frame[:, 506:]):
        assert is_colour(nothing, WALL).all()
    assert is_colour(skeleton_frame(skeletons(1.0), 0), WALL).all()


def test_unsure_joints_are_faint() -> None:
    frame = skeleton_frame(skeletons(0.5), 1)

    np.testing.assert_allclose(frame[200, 300], (np.array(WALL) + np.array(JOINT)) / 2, atol=1)


@pytest.mark.parametrize(
    "frames", [np.zeros((0, 4, 4, 3), np.uint8), np.zeros((2, 4, 4), np.uint8), np.zeros((2, 4, 4, 3))]
)
def test_what_is_no_video_is_refused(frames: np.ndarray) -> None:
    with pytest.raises(ValueError, match="frames must be"):
        with_tubes(frames, range(len(frames)), [], [])
