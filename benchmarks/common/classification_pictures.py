"""Pictures of image classification: the image, and the input gradient with the target's outline or boxes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import cv2
import numpy as np

from provbench.registry.base import free_name, read_image, read_mask

from .inspection import class_gradient, energy_inside, predictions, spread
from .pictures import INK, TRUE, Text, figure, magnitude, scaled, share, verdict

if TYPE_CHECKING:
    from torch import nn

    from provbench.registry import Task

    from .records import ImageRecord

PANEL = 320
"""Side of a panel in pixels."""


def sample_pictures(
    task: Task, model: nn.Module, count: int, records: Sequence[ImageRecord], groups: Sequence[str], target: str
) -> dict[str, np.ndarray]:
    """Returns a picture each of `count` test images, spread over the groups, or the classes where there are none.

    records: the test images, in the order of `eval_data`. groups: their names. target: what the outlines are around.
    """
    data, names = task.eval_data("test"), task.class_names()
    places = spread([record.label if record.group is None else record.group for record in records], count)
    pictures: dict[str, np.ndarray] = {}
    for place, prediction in zip(places, predictions(task, model, data, places), strict=True):
        record = records[place]
        guess: int = prediction["predicted"]
        named = "" if record.group is None else f"{groups[record.group].replace('|', ' on ')} · "
        title = [
            (f"{PurePosixPath(record.id).stem} · {named}", INK),
            verdict(guess == record.label, names[guess]),
        ]
        panel, caption = gradient_panel(class_gradient(task, model, data[place]), record, target)
        panels = [scaled(read_image(record.path), PANEL, PANEL), panel]
        pictures[free_name(record.id, pictures)] = figure(title, panels, ["image", caption])
    return pictures


def gradient_panel(gradient: np.ndarray, record: ImageRecord, target: str) -> tuple[np.ndarray, Text]:
    """Returns the magnitudes (H, W) of an input gradient as a panel (PANEL, PANEL, 3), and what is written above it.

    Where the record has an outline or boxes of its target, they are drawn, and the share of the gradient's energy
    within is given.
    """
    panel = magnitude(gradient, PANEL, PANEL)
    mask = target_mask(record)
    if mask is None:
        return panel, "input gradient"
    region = scaled(mask, gradient.shape[1], gradient.shape[0])
    inside = (scaled(mask, PANEL, PANEL) >= 0.5).astype(np.uint8)
    contours, _ = cv2.findContours(inside, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    cv2.drawContours(panel, contours, -1, TRUE, 2)
    words = f"input gradient energy: {share(energy_inside(gradient, region))} on "
    return panel, [(words, INK), (target, TRUE), (f" (area {share(region.mean())})", INK)]


def target_mask(record: ImageRecord) -> np.ndarray | None:
    """Returns (H, W) float32, 1 within the outline of a record's target, or within its boxes; None without either."""
    if record.segmentation is not None:
        return read_mask(record.segmentation).astype(np.float32)
    if not record.boxes:
        return None
    mask = np.zeros(read_image(record.path).shape[:2], np.float32)
    for x0, y0, x1, y1 in record.boxes:
        mask[y0 : y1 + 1, x0 : x1 + 1] = 1
    return mask
