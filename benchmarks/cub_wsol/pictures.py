"""Pictures of localisation: the image, its score map with the true and the predicted box, and the input gradient."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np

from provbench.registry.base import free_name

from ..common import (
    FOUND,
    INK,
    TRUE,
    class_gradient,
    energy_inside,
    figure,
    magnitude,
    outline,
    overlay,
    predictions,
    read_image,
    scaled,
    share,
    spread,
    verdict,
)
from .metrics import SIDE, box_iou, largest_box, localize, normalize_scoremap

if TYPE_CHECKING:
    from torch import nn

    from ..common import Predictor

    class Localizer(Predictor, Protocol):
        """Protocol of what the pictures need of the task: it predicts, and knows true boxes and its thresholds."""

        @property
        def thresholds(self) -> int: ...

        def true_boxes(self, split: Literal["val", "test"], name: str) -> np.ndarray: ...


PANEL, LINE = 284, 3
"""Side of a panel, and thickness of a box's outline, in pixels."""

CALIBRATION, THRESHOLDS = 48, 50
"""Test images, evenly spread, and score thresholds among which the one of the predicted boxes is chosen. MaxBoxAcc
chooses among those of the recipe by all test images, which would take as long as the test itself."""


def sample_pictures(task: Localizer, model: nn.Module, count: int) -> dict[str, np.ndarray]:
    """A picture each of `count` test images, as `Task.pictures` has them.

    The predicted box is that of MaxBoxAcc: around the largest contour, at the threshold that is best for many images.
    """
    data: Any = task.eval_data("test")
    labels = [record.label for record in data.records]
    places = spread(labels, count)
    if not places:
        return {}
    calibration = spread(labels, CALIBRATION)
    threshold = box_threshold(task, calibration, predictions(task, model, data, calibration), THRESHOLDS)
    names = {record.label: species(record.id) for record in data.records}
    pictures: dict[str, np.ndarray] = {}
    for place, prediction in zip(places, predictions(task, model, data, places), strict=True):
        record = data.records[place]
        truth, image = task.true_boxes("test", record.id), read_image(record.path)
        scoremap = normalize_scoremap(prediction["scoremap"])
        box, iou = predicted_box(scoremap, threshold, truth)
        gradient = class_gradient(task, model, data[place])
        region = covered(truth, *gradient.shape)
        panels = [
            scaled(image, PANEL, PANEL),
            score_panel(image, scoremap, truth, box, PANEL),
            gradient_panel(gradient, truth, PANEL),
        ]
        captions = [
            "image",
            [("class activation map, ", INK), ("true", TRUE), (" and ", INK), ("predicted box", FOUND)],
            f"input gradient energy: {share(energy_inside(gradient, region))} in box (area {share(region.mean())})",
        ]
        guess = prediction["predicted"]
        title = [
            (f"{PurePosixPath(record.id).stem} · ", INK),
            verdict(guess == record.label, names.get(guess, f"class {guess}")),
            (f" · IoU {iou:.2f}", INK),
        ]
        pictures[free_name(record.id, pictures)] = figure(title, panels, captions)
    return pictures


def species(sample: str) -> str:
    """The name of an image's class: its folder's, without the number that CUB puts before it."""
    return PurePosixPath(sample).parent.name.rpartition(".")[2]


def box_threshold(
    task: Localizer, places: Iterable[int], rows: Iterable[dict[str, Any]], thresholds: int | None = None
) -> float:
    """The score threshold that is best for the boxes of MaxBoxAcc in some test images, given what is predicted there.

    thresholds: how many to choose among; default: as many as the metric does.
    """
    data: Any = task.eval_data("test")
    truth = [task.true_boxes("test", data.records[place].id) for place in places]
    maps = (normalize_scoremap(row["scoremap"]) for row in rows)
    found = localize(maps, truth, thresholds=thresholds or task.thresholds)
    return float(found.thresholds[found.best_threshold(0.5, "largest")])


def predicted_box(scoremap: np.ndarray, threshold: float, truth: np.ndarray) -> tuple[np.ndarray, float]:
    """(4,): the box around the largest contour of a score map, and its best IoU with the true ones (n, 4)."""
    box = largest_box(scoremap, threshold)
    return box, float(box_iou(box[None], truth).max())


def score_panel(image: np.ndarray, scoremap: np.ndarray, truth: np.ndarray, box: np.ndarray, side: int) -> np.ndarray:
    """(side, side, 3): a score map in [0, 1] over an image, the true boxes (n, 4) green and the predicted one red.

    Boxes are x0 y0 x1 y1 of the 224 x 224 image, both corners inclusive, as the metrics have them.
    """
    panel = overlay(scaled(image, side, side), scaled(scoremap.astype(np.float32), side, side))
    draw_boxes(panel, truth, TRUE)
    draw_boxes(panel, [box], FOUND)
    return panel


def gradient_panel(gradient: np.ndarray, truth: np.ndarray, side: int) -> np.ndarray:
    """(side, side, 3): the magnitudes (H, W) of an input gradient, with the true boxes (n, 4) in green."""
    panel = magnitude(gradient, side, side)
    draw_boxes(panel, truth, TRUE)
    return panel


def draw_boxes(panel: np.ndarray, boxes: Sequence[np.ndarray] | np.ndarray, colour: tuple[int, int, int]) -> None:
    """Outline boxes of the 224 x 224 image in a panel of any size, in place."""
    for x0, y0, x1, y1 in boxes:
        outline(panel, np.array([x0, y0, x1 + 1, y1 + 1]) * panel.shape[0] / SIDE, colour, LINE)


def covered(boxes: np.ndarray, height: int, width: int) -> np.ndarray:
    """(height, width) float64 in [0, 1]: how much of each pixel lies in a box (n, 4) of the 224 x 224 image."""

    def along(first: float, last: float, length: int) -> np.ndarray:
        """(length,): how much of each pixel lies between the edges of two pixels of the 224."""
        start, stop = first * length / SIDE, (last + 1) * length / SIDE
        edges = np.arange(length)
        return (np.minimum(edges + 1, stop) - np.maximum(edges, start)).clip(0, 1)

    shares = [np.outer(along(y0, y1, height), along(x0, x1, width)) for x0, y0, x1, y1 in boxes]
    return np.max(shares, axis=0)
