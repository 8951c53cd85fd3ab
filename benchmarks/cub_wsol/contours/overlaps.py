"""Intersection over union of single boxes with the true ones, compiled by numba."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

from .hills import Integer


@numba.njit
def best_iou(x0: Integer, y0: Integer, x1: Integer, y1: Integer, truth: np.ndarray) -> Any:
    """Returns the best IoU of a box with the true ones, both corners inclusive."""
    best = 0.0
    area = (x1 - x0 + 1) * (y1 - y0 + 1)
    for place in range(truth.shape[0]):
        left, top, right, bottom = truth[place, 0], truth[place, 1], truth[place, 2], truth[place, 3]
        width, height = min(x1, right) - max(x0, left) + 1, min(y1, bottom) - max(y0, top) + 1
        if width > 0 and height > 0:
            shared = width * height
            best = max(best, shared / (area + (right - left + 1) * (bottom - top + 1) - shared))
    return best


@numba.njit
def find_cover(box: np.ndarray, hills: np.ndarray, alive: np.ndarray, living: Integer, truth: np.ndarray) -> Any:
    """Returns the largest share of a true box that lies in the box of a hole: no IoU inside of the hole exceeds it.

    Holes that cannot hold a component are left out: those of fewer than 3 rows or columns, or of one hill in each row.
    """
    best = 0.0
    for hole in alive[:living]:
        x0, y0, x1, y1 = box[hole, 0], box[hole, 1], box[hole, 2] + 1, box[hole, 3] + 1
        if x1 - x0 < 3 or y1 - y0 < 3 or hills[hole] == y1 - y0:
            continue
        for place in range(truth.shape[0]):
            left, top, right, bottom = truth[place, 0], truth[place, 1], truth[place, 2], truth[place, 3]
            width, height = min(x1, right) - max(x0, left) + 1, min(y1, bottom) - max(y0, top) + 1
            if width > 0 and height > 0:
                best = max(best, width * height / ((right - left + 1) * (bottom - top + 1)))
    return best
