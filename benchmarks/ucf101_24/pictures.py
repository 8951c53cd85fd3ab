"""Pictures of tubes over the frames of a video: what is true in green, what a model finds in red."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Literal, Protocol

import cv2
import numpy as np

from provbench.registry.base import free_name

from ..common import (
    FAINT,
    FOUND,
    INK,
    SPACE,
    TRUE,
    Colour,
    beside,
    line,
    middles,
    outline,
    page,
    predictions,
    scaled,
    spread,
    stacked,
    verdict,
)
from . import mini
from .data import CLASSES, Skeletons, read_tubes
from .metrics import Tube, tube_overlap

if TYPE_CHECKING:
    from pathlib import Path

    from torch import nn

    from ..common import Predictor

    class TubeFinder(Predictor, Protocol):
        """Protocol of what the pictures need of the task: it predicts, makes tubes of that, and has its data
        somewhere.
        """

        root: Path

        @property
        def generated(self) -> bool: ...

        def detections(
            self, split: Literal["val", "test"], place: int, prediction: dict[str, Any]
        ) -> list[dict[str, Any]]: ...


COLUMNS, FRAME = 6, 136
"""Frames of a picture, and the width of each in pixels."""
BAR = 10
"""Pixels of the height of a bar in time."""

OFF, NOW = (60, 60, 60), (255, 255, 255)
LEGEND = [
    ("true", TRUE),
    (" and ", FAINT),
    ("predicted tubes", FOUND),
    ("; the bar is the whole video, its marks are the frames above", FAINT),
]

WALL, JOINT = (232, 232, 236), (40, 60, 110)
"""Behind skeletons, and their own colour where the pose estimator is sure."""

LIMBS = (
    *((0, 1), (0, 2), (1, 3), (2, 4), (3, 5), (4, 6)),
    *((5, 6), (11, 12), (5, 11), (6, 12)),
    *((5, 7), (7, 9), (6, 8), (8, 10)),
    *((11, 13), (13, 15), (12, 14), (14, 16)),
)
"""Limbs between COCO's joints: head and neck, trunk, arms, legs."""


def sample_pictures(task: TubeFinder, model: nn.Module, count: int) -> dict[str, np.ndarray]:
    """A strip of frames each of `count` test videos, as `Task.pictures` has them."""
    clips: Any = task.eval_data("test")
    places = spread(clips.videos.labels, count)
    tubes = read_tubes(task.root, "test") if places else []
    pictures: dict[str, np.ndarray] = {}
    for place, prediction in zip(places, predictions(task, model, clips, places), strict=True):
        video = clips.videos[place]
        truth = [tube for tube in tubes if tube["video"] == video.video]
        found = surest_tubes(task, place, prediction, max(1, len(truth)))
        numbers = middles(video.num_frames, COLUMNS)
        frames = own_frames(task, video, numbers)
        picture = strip(frames, numbers, video.num_frames, truth, found, width=FRAME)
        ticks = beside([line([(f"frame {number}", FAINT)], FRAME) for number in numbers], SPACE)
        title = [
            (f"{video.video.rpartition('/')[2]} · {CLASSES[prediction['label']]} · ", INK),
            verdict(prediction["predicted"] == prediction["label"], CLASSES[prediction["predicted"]]),
            (f" · IoU {mean_overlap(found, truth):.2f}", INK),
        ]
        pictures[free_name(video.video, pictures)] = page(
            title, [stacked([ticks, picture, line(LEGEND, picture.shape[1])])]
        )
    return pictures


def surest_tubes(task: TubeFinder, place: int, prediction: dict[str, Any], top: int) -> list[dict[str, Any]]:
    """The `top` tubes of the highest score in a test video, given what is predicted of it. place: in `eval_data`."""
    return sorted(task.detections("test", place, prediction), key=lambda tube: -tube["score"])[:top]


def mean_overlap(found: Sequence[Tube], truth: Sequence[Tube]) -> float:
    """The mean over the true tubes of the best overlap with one found of their class; NaN without true ones."""
    best = [
        max((tube_overlap(tube, true) for tube in found if tube["label"] == true["label"]), default=0.0)
        for true in truth
    ]
    return float(np.mean(best)) if best else float("nan")


def own_frames(task: TubeFinder, video: Skeletons, numbers: Iterable[int]) -> np.ndarray:
    """(F, H, W, 3): the frames of those numbers, as far as the data set has them.

    Those of the mini set are drawn as its generator drew them; the full set has skeletons only, on a plain background.
    """
    if task.generated:
        return mini.render_frames(video.video, mini.MINI)[list(numbers)]
    return np.stack([skeleton_frame(video, number) for number in numbers])


def skeleton_frame(video: Skeletons, number: int) -> np.ndarray:
    """(H, W, 3): the people of one frame on a plain background, the fainter the less sure their joints are."""
    height, width = video.shape
    frame = np.full((height, width, 3), WALL, np.uint8)
    thick = max(1, round(height / 120))
    for joints, scores in zip(video.keypoints[:, number], video.scores[:, number].clip(0, 1), strict=True):
        for start, stop in LIMBS:
            sure = float(min(scores[start], scores[stop]))
            if sure > 0:
                one, other = (np.rint(joints[joint]).astype(int).tolist() for joint in (start, stop))
                colour = tuple(round(wall + sure * (ink - wall)) for wall, ink in zip(WALL, JOINT, strict=True))
                cv2.line(frame, one, other, colour, thick, cv2.LINE_AA)
    return frame


def strip(
    frames: np.ndarray,
    numbers: Sequence[int],
    length: int,
    truth: Sequence[Tube],
    found: Sequence[Tube],
    *,
    width: int,
) -> np.ndarray:
    """(H, W, 3): frames side by side with the true and the found tubes, over one bar in time for the whole video.

    frames: (F, h, w, 3), of the video's frames of those numbers. length: T of the video. width: of each frame. Where
    the numbers are those of `middles`, each frame stands above its own mark in the bar.
    """
    drawn = with_tubes(frames, numbers, truth, found, width)
    row = beside(list(drawn), SPACE)
    return stacked([row, time_bar(truth, found, length, row.shape[1], numbers)])


def with_tubes(
    frames: np.ndarray, numbers: Sequence[int], truth: Sequence[Tube], found: Sequence[Tube], width: int | None = None
) -> np.ndarray:
    """(F, h, w, 3): the video's frames of those numbers, scaled to a width, with the boxes of the true and found tubes.

    frames: (F, H, W, 3) uint8. width: None leaves them as large as they are. Raises `ValueError` for other frames.
    """
    if frames.ndim != 4 or frames.shape[3] != 3 or frames.dtype != np.uint8 or not frames.size:
        raise ValueError(f"frames must be (F, H, W, 3) uint8 and not empty (got {frames.shape} {frames.dtype})")
    scale = 1.0 if width is None else width / frames.shape[2]
    size = round(frames.shape[2] * scale), round(frames.shape[1] * scale)
    drawn = np.stack([scaled(frame, *size) for frame in frames]) if scale != 1 else frames.copy()
    draw_tubes(drawn, numbers, truth, TRUE, scale)
    draw_tubes(drawn, numbers, found, FOUND, scale)
    return drawn


def draw_tubes(
    frames: np.ndarray, numbers: Sequence[int], tubes: Sequence[Tube], colour: Colour, scale: float = 1.0
) -> None:
    """Outline the tubes' boxes in the frames (F, H, W, 3) of those numbers, in place; what lies outside is left out."""
    for tube in tubes:
        boxes = dict(zip(np.asarray(tube["frames"]).tolist(), np.asarray(tube["boxes"], np.float64), strict=True))
        for frame, number in zip(frames, numbers, strict=True):
            if number in boxes:
                outline(frame, boxes[number] * scale, colour)


def time_bar(
    truth: Sequence[Tube], found: Sequence[Tube], length: int, width: int, marked: Iterable[int]
) -> np.ndarray:
    """(BAR, width, 3) uint8: when there are true tubes, in its upper half, and found ones, below; white at some frames.

    length: T of the video; column x is of frame x T // width.
    """
    frame_of = np.arange(width) * length // width
    bar, half = np.empty((BAR, width, 3), np.uint8), BAR // 2
    for rows, tubes, colour in ((slice(0, half), truth, TRUE), (slice(half, None), found, FOUND)):
        there = np.zeros(length, bool)
        for tube in tubes:
            numbers = np.asarray(tube["frames"])
            there[numbers[(numbers >= 0) & (numbers < length)]] = True
        bar[rows] = np.where(there[frame_of][:, None], colour, OFF)
    for number in marked:
        bar[:, min((2 * number + 1) * width // (2 * length), width - 1)] = NOW
    return bar
