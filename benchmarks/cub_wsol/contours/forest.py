"""The components of a sweep: they begin, extend and are joined while the value falls. Compiled by numba."""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np

from .basins import OUTSIDE, find
from .hills import Integer


class Forest(NamedTuple):
    """The components of the sweep, each kept under its lowest basin.

    parent: basins joined so far. box: (count, 4) x0, y0, x1, y1. hills: how many hills exceed the value. area: twice
    the contour's area. fit: the best IoU of the box, -1 where it must be computed again, -2 where nothing exceeds the
    value yet. above, joined: the basin that each was joined to, at which value.
    """

    parent: np.ndarray
    box: np.ndarray
    hills: np.ndarray
    area: np.ndarray
    fit: np.ndarray
    above: np.ndarray
    joined: np.ndarray


@numba.njit
def plant(count: Integer) -> Forest:
    """Returns a forest in which no basin exceeds the value yet."""
    return Forest(
        np.arange(count),
        np.empty((count, 4), np.int64),
        np.zeros(count, np.int64),
        np.zeros(count, np.int64),
        np.full(count, -2.0),
        np.arange(count),
        np.zeros(count, np.uint8),
    )


@numba.njit
def add_rows(
    parent: np.ndarray,
    box: np.ndarray,
    hills: np.ndarray,
    fit: np.ndarray,
    alive: np.ndarray,
    living: Integer,
    peaks: np.ndarray,
    begin: Integer,
    end: Integer,
    of: np.ndarray,
    rows: np.ndarray,
) -> Integer:
    """Extends components to the rows of the hills that reach a value. Returns how many components live now."""
    for place in range(begin, end):
        root, y = find(parent, of[peaks[place]]), rows[peaks[place]]
        if root == OUTSIDE:
            continue
        if fit[root] == -2:
            box[root, 0], box[root, 1], box[root, 2], box[root, 3] = np.iinfo(np.int64).max, y, -1, y
            alive[living] = root
            living += 1
            fit[root] = -1
        hills[root] += 1
        if y < box[root, 1] or y > box[root, 3]:
            box[root, 1], box[root, 3] = min(box[root, 1], y), max(box[root, 3], y)
            fit[root] = -1
    return living


@numba.njit
def add_columns(
    parent: np.ndarray,
    box: np.ndarray,
    fit: np.ndarray,
    columns: np.ndarray,
    begin: Integer,
    end: Integer,
    basin: np.ndarray,
    column: np.ndarray,
) -> None:
    """Extends components to the columns where they reach a value."""
    for place in range(begin, end):
        root, x = find(parent, basin[columns[place]]), column[columns[place]]
        if root != OUTSIDE and (x < box[root, 0] or x > box[root, 2]):
            box[root, 0], box[root, 2] = min(box[root, 0], x), max(box[root, 2], x)
            fit[root] = -1


@numba.njit
def absorb(forest: Forest, cells: np.ndarray, kept: Integer, gone: Integer, value: Integer) -> None:
    """Joins one component to another."""
    forest.parent[gone], forest.above[gone], forest.joined[gone] = kept, kept, value
    if kept == OUTSIDE:
        return
    box = forest.box
    for side in range(2):
        box[kept, side] = min(box[kept, side], box[gone, side])
        box[kept, side + 2] = max(box[kept, side + 2], box[gone, side + 2])
    forest.fit[kept] = -1
    forest.hills[kept] += forest.hills[gone]
    forest.area[kept] += forest.area[gone]
    for below in range(min(value + 1, cells.shape[1])):
        cells[kept, below] += cells[gone, below]


@numba.njit
def keep_roots(parent: np.ndarray, alive: np.ndarray, living: Integer) -> Integer:
    """Drops joined components from those alive. Returns how many live."""
    kept = 0
    for place in range(living):
        if parent[alive[place]] == alive[place]:
            alive[kept] = alive[place]
            kept += 1
    return kept
