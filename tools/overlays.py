"""Score maps and boxes of localisation runs: test images in columns, method below method."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from provbench.benchmarks.common import TRUE, predictions, read_image, scaled
from provbench.benchmarks.cub_wsol import (
    SIDE,
    CubWsol,
    box_threshold,
    draw_boxes,
    normalize_scoremap,
    predicted_box,
    score_panel,
)
from provbench.registry.base import UserError
from provbench.suites.planning import Place, RunSpec
from provbench.suites.running import build_task

from .terminal import FinalRun


@dataclass(frozen=True)
class Localized:
    """A method's panels (224, 224, 3) of some test images, and the IoU of its box with the true one in each."""

    label: str
    panels: list[np.ndarray]
    ious: list[float]


def pick(task: CubWsol, count: int, seed: int = 0) -> list[int]:
    """Test images at random, one a class as long as there are classes left."""
    data: Any = task.eval_data("test")
    order = np.random.default_rng(seed).permutation(len(data)).tolist()
    by_class: dict[int, int] = {}
    for index in order:
        by_class.setdefault(data.records[index].label, index)
    rest = [index for index in order if index not in by_class.values()]
    return [*by_class.values(), *rest][:count]


def localized(run: FinalRun, place: Place, indices: Sequence[int]) -> Localized:
    """What a finished run predicts for test images. The box is the largest contour's, at the threshold of MaxBoxAcc."""
    task = localization_task(run.spec, place)
    data: Any = task.eval_data("test")
    every = range(len(data))
    rows = predictions(task, run.model(task), data, every, batch_size=64)
    threshold = box_threshold(task, every, rows)
    found = Localized(run.label, [], [])
    for index in indices:
        image, truth = stored_image(task, index)
        scoremap = normalize_scoremap(rows[index]["scoremap"])
        box, iou = predicted_box(scoremap, threshold, truth)
        found.panels.append(score_panel(image, scoremap, truth, box, SIDE))
        found.ious.append(iou)
    return found


def draw(task: CubWsol, indices: Sequence[int], methods: Sequence[Localized], out: Path) -> None:
    """Write the picture: an image a column, the image itself in the first row and a method in each row below."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    images = []
    for index in indices:
        image, truth = stored_image(task, index)
        images.append(scaled(image, SIDE, SIDE).copy())
        draw_boxes(images[-1], truth, TRUE)
    rows = [("test image", images), *((method.label, method.panels) for method in methods)]
    size = 1.5 * len(indices), 1.62 * len(rows)
    figure, axes = plt.subplots(len(rows), len(indices), figsize=size, squeeze=False)
    for row, (label, panels) in enumerate(rows):
        for axis, panel in zip(axes[row], panels, strict=True):
            axis.imshow(panel)
            axis.set_xticks([])
            axis.set_yticks([])
        axes[row, 0].set_ylabel(label, fontsize=8)
    for row, method in enumerate(methods, start=1):
        for axis, iou in zip(axes[row], method.ious, strict=True):
            axis.set_xlabel(f"IoU {iou:.2f}", fontsize=7, labelpad=2)
    figure.tight_layout(pad=0.4)
    out.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(out, dpi=150)
    plt.close(figure)


def stored_image(task: CubWsol, index: int) -> tuple[np.ndarray, np.ndarray]:
    """A test image as stored, (H, W, 3), and its true boxes (n, 4) in pixels of the 224 x 224 image."""
    data: Any = task.eval_data("test")
    record = data.records[index]
    return read_image(record.path), task.true_boxes("test", record.id)


def localization_task(spec: RunSpec, place: Place) -> CubWsol:
    task = build_task(spec, place)
    if not isinstance(task, CubWsol):
        raise UserError(f"{spec.task.name}: overlays are drawn of cub-wsol only")
    return task
