"""Score maps and boxes of one run over test images, the rows of a picture that compares methods."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from provbench.registry import Panel

from ..common import TRUE, predictions, read_image, scaled
from .metrics import SIDE, normalize_scoremap
from .pictures import box_threshold, draw_boxes, predicted_box, score_panel

if TYPE_CHECKING:
    from torch import nn

    from .pictures import Localizer


def one_of_each_class(task: Localizer, count: int, seed: int = 0) -> list[int]:
    """Returns places of test images drawn at random, one of each class as long as there are classes left."""
    data: Any = task.eval_data("test")
    order = np.random.default_rng(seed).permutation(len(data)).tolist()
    by_class: dict[int, int] = {}
    for place in order:
        by_class.setdefault(data.records[place].label, place)
    rest = [place for place in order if place not in by_class.values()]
    return [*by_class.values(), *rest][:count]


def true_panels(task: Localizer, places: Sequence[int]) -> list[Panel]:
    """Returns the test images themselves, (224, 224, 3), with their true boxes."""
    panels = []
    for place in places:
        image, truth = stored_image(task, place)
        panel = scaled(image, SIDE, SIDE).copy()
        draw_boxes(panel, truth, TRUE)
        panels.append(Panel(panel))
    return panels


def found_panels(task: Localizer, model: nn.Module, places: Sequence[int]) -> list[Panel]:
    """Returns what a network predicts for test images, (224, 224, 3), and the IoU of its box with the true one in each.

    The box is the largest contour's, at the threshold of MaxBoxAcc.
    """
    data: Any = task.eval_data("test")
    every = range(len(data))
    rows = predictions(task, model, data, every, batch_size=64)
    threshold = box_threshold(task, every, rows)
    panels = []
    for place in places:
        image, truth = stored_image(task, place)
        scoremap = normalize_scoremap(rows[place]["scoremap"])
        box, iou = predicted_box(scoremap, threshold, truth)
        panels.append(Panel(score_panel(image, scoremap, truth, box, SIDE), f"IoU {iou:.2f}"))
    return panels


def stored_image(task: Localizer, place: int) -> tuple[np.ndarray, np.ndarray]:
    """Returns a test image as stored, (H, W, 3), and its true boxes (n, 4) in pixels of the 224 x 224 image."""
    data: Any = task.eval_data("test")
    record = data.records[place]
    return read_image(record.path), task.true_boxes("test", record.id)
