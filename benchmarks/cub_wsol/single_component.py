"""SAT's evaluator: the box of the largest component, at the best of a few thresholds.

Source: Wu et al., "Spatial-Aware Token for Weakly Supervised Object Localization" (ICCV 2023), reference implementation
wpy1999/SAT. It differs from MaxBoxAcc in the map (stretched to [0, 1] before it is enlarged, bilinearly), in the box
(one, around the component with the most pixels, the whole image where there is none), and in the threshold: of four,
the one with the highest sum of GT-known and Top-1 Loc, for all metrics.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike

from provbench.registry import Metric

from .metrics import DELTAS, SIDE, box_iou

THRESHOLDS = (0.3, 0.35, 0.4, 0.45)
MEAN, LOC, TOP1 = "MaxBoxAccV2 (SAT)", "GT-known Loc (SAT)", "Top-1 Loc (SAT)"
AT: Mapping[float, str] = {delta: f"MaxBoxAccV2@{round(100 * delta)} (SAT)" for delta in DELTAS}
WHERE = "of the largest component at the best of four thresholds"
SAT_METRICS = (
    Metric(MEAN, "mean of the three below", optional=True),
    *(
        Metric(name, f"share of images whose box, {WHERE}, has IoU ≥ {delta}", optional=True)
        for delta, name in AT.items()
    ),
    Metric(LOC, f"share of images whose box, {WHERE}, has IoU ≥ 0.5", optional=True),
    Metric(TOP1, "share of images that are right in GT-known Loc (SAT) and in their class", optional=True),
)
"""Metrics of SAT's own evaluator, measured where the parameter `sat_evaluator` is set."""


def single_component(
    cams: Iterable[ArrayLike], boxes: Sequence[ArrayLike], correct: ArrayLike
) -> dict[str, np.ndarray]:
    """Returns the columns (N,) of `SAT_METRICS`, of which each metric is the mean.

    cams: N maps (h, w), of any scale. boxes: for each (n, 4) integers in the 224 x 224 image, n ≥ 1. correct: (N,)
    bool, whether the class is right.
    """
    right = np.asarray(correct, dtype=bool)
    found = [fits(cam, truth) for cam, truth in zip(cams, boxes, strict=True)]
    ious = np.stack(found)[:, best_threshold(np.stack(found), right)]
    columns: dict[str, np.ndarray] = {name: ious >= delta for delta, name in AT.items()}
    mean = np.mean(list(columns.values()), axis=0)
    return {MEAN: mean, **columns, LOC: ious >= 0.5, TOP1: (ious >= 0.5) & right}


def best_threshold(ious: np.ndarray, correct: np.ndarray) -> int:
    """Returns the place of the threshold with the highest sum of GT-known and Top-1 Loc, the lowest of equals.

    ious: (N, T), each image's at each threshold.
    """
    located = ious >= 0.5
    return int((located.sum(axis=0) + (located & correct[:, None]).sum(axis=0)).argmax())


def fits(cam: ArrayLike, truth: ArrayLike) -> np.ndarray:
    """(4,): the best IoU of a map's box with a true box, at each of `THRESHOLDS`."""
    enlarged = enlarge(cam)
    return np.array([box_iou(component_box(enlarged > tau)[None], truth).max() for tau in THRESHOLDS])


def enlarge(cam: ArrayLike) -> np.ndarray:
    """(224, 224) float32: a map (h, w) stretched to [0, 1], then enlarged bilinearly."""
    values = np.asarray(cam, dtype=np.float32)
    if not np.isfinite(values).all():
        raise ValueError("the score map holds NaN or infinity: the model's weights have diverged")
    stretched = (values - values.min()) / (values.max() - values.min() + np.float32(1e-5))
    import cv2

    return cv2.resize(stretched, (SIDE, SIDE), interpolation=cv2.INTER_LINEAR)


def component_box(foreground: np.ndarray) -> np.ndarray:
    """(4,): the box of the component of (H, W) bool with the most pixels, its far corner one pixel beyond.

    Pixels that touch at a corner are connected; of equal components the first by rows counts. Without any foreground
    the box is the whole image.
    """
    height, width = foreground.shape
    import cv2

    count, _, found, _ = cv2.connectedComponentsWithStats(foreground.astype(np.uint8), connectivity=8)
    if count < 2:
        return np.array([0, 0, width, height])
    left, top, wide, high, _ = found[1 + int(found[1:, cv2.CC_STAT_AREA].argmax())].tolist()
    return np.array([left, top, left + wide, top + high])
