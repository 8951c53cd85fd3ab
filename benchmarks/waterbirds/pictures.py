"""Pictures of classification under background shift: the image, and the input gradient with the bird's outline."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from provbench.registry.base import read_image, read_mask

from ..common import (
    INK,
    TRUE,
    Text,
    class_gradient,
    energy_inside,
    figure,
    file_name,
    magnitude,
    predictions,
    scaled,
    share,
    spread,
    verdict,
)
from .data import CLASSES, GROUPS

if TYPE_CHECKING:
    from torch import nn

    from ..common import ImageRecord
    from .task import Waterbirds

PANEL = 320
"""Side of a panel in pixels."""


def sample_pictures(task: Waterbirds, model: nn.Module, count: int) -> dict[str, np.ndarray]:
    """A picture each of `count` test images, spread over the four groups, as `Task.pictures` has them."""
    data: Any = task.eval_data("test")
    groups = [bird.group for bird in task.birds().test]
    places = spread(groups, count)
    pictures: dict[str, np.ndarray] = {}
    for place, prediction in zip(places, predictions(task, model, data, places), strict=True):
        record: ImageRecord = data.records[place]
        guess = prediction["predicted"]
        title = [
            (f"{PurePosixPath(record.id).stem} · {GROUPS[groups[place]].replace('|', ' on ')} · ", INK),
            verdict(guess == record.label, CLASSES[guess]),
        ]
        panel, caption = gradient_panel(class_gradient(task, model, data[place]), record)
        panels = [scaled(read_image(record.path), PANEL, PANEL), panel]
        pictures[file_name(record.id, pictures)] = figure(title, panels, ["image", caption])
    return pictures


def gradient_panel(gradient: np.ndarray, record: ImageRecord) -> tuple[np.ndarray, Text]:
    """(PANEL, PANEL, 3): the magnitudes (H, W) of an input gradient, and what is written above.

    Where the data set has the bird's outline, it is drawn, and the share of the gradient's energy within it is told.
    """
    panel = magnitude(gradient, PANEL, PANEL)
    if record.segmentation is None:
        return panel, "input gradient"
    mask = read_mask(record.segmentation).astype(np.float32)
    region = scaled(mask, gradient.shape[1], gradient.shape[0])
    inside = (scaled(mask, PANEL, PANEL) >= 0.5).astype(np.uint8)
    contours, _ = cv2.findContours(inside, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    cv2.drawContours(panel, contours, -1, TRUE, 2)
    told = f"input gradient energy: {share(energy_inside(gradient, region))} on "
    return panel, [(told, INK), ("the bird", TRUE), (f" (area {share(region.mean())})", INK)]
