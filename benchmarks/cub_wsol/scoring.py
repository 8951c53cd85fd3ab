"""The metrics of localisation as a task declares and computes them, for any task whose images have boxes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from provbench.registry import Metric

from .metrics import DELTAS, localize, normalize_scoremap

_BEST = "at its best score threshold"
BOX_METRICS = (
    Metric("MaxBoxAccV2", "mean of the three below"),
    *(
        Metric(f"MaxBoxAccV2@{round(100 * delta)}", f"share of images with a box of IoU ≥ {delta}, {_BEST}")
        for delta in DELTAS
    ),
    Metric("MaxBoxAcc", f"share of images whose largest contour's box has IoU ≥ 0.5, {_BEST}"),
    Metric("GT-known Loc", "MaxBoxAcc under the literature's name"),
    Metric("Top-1 Loc", "share of images that are right in MaxBoxAcc and in their class"),
)
OPTIONAL_BOX_METRICS = tuple(replace(metric, optional=True) for metric in BOX_METRICS)
"""Metrics of tasks whose images need not have boxes."""


def box_columns(
    scoremaps: Iterable[ArrayLike], boxes: Sequence[np.ndarray], correct: np.ndarray, thresholds: int, threads: int = 1
) -> dict[str, np.ndarray]:
    """Returns (N,) for each of the metrics, of which the metric is the mean in percent.

    scoremaps: N class activation maps (h, w) of the true classes, of any scale. boxes: (n, 4) of each image, in pixels
    of the 224 x 224 image. correct: (N,) bool, whether the class is right. thresholds, threads: as in `localize`.
    """
    maps = (normalize_scoremap(scoremap) for scoremap in scoremaps)
    found = localize(maps, boxes, thresholds=thresholds, threads=threads)
    at = {f"MaxBoxAccV2@{round(100 * delta)}": found.hits(delta, "all") for delta in DELTAS}
    largest = found.hits(0.5, "largest")
    return {
        "MaxBoxAccV2": np.mean(list(at.values()), axis=0),
        **at,
        "MaxBoxAcc": largest,
        "GT-known Loc": largest,
        "Top-1 Loc": largest & correct,
    }
