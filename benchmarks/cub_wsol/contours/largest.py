"""Finds the component whose contour has the largest area, and of equals OpenCV's first. Compiled by numba."""

from __future__ import annotations

import numba
import numpy as np

from .basins import Basins, find
from .forest import Forest
from .hills import LEVELS, Hills, Integer


@numba.njit
def count_cells(image: np.ndarray, hills: Hills, basins: Basins) -> np.ndarray:
    """Returns (count, 256): how often a basin's contour gains half a unit of area when the level falls below a value.

    A 2 x 2 square gains once at its third-highest value, once at its lowest. It lies in the basin of the higher of its
    upper pixels, since one of these is always among its three highest.
    """
    height, width = image.shape
    cells, more = np.zeros((basins.size, LEVELS), np.int32), np.zeros((basins.size, LEVELS), np.int32)
    third, lowest = np.empty(width, np.uint8), np.empty(width, np.uint8)
    for y in range(height - 1):
        _rank_cells(image[y], image[y + 1], third, lowest)
        for hill in range(hills.first[y], hills.first[y + 1]):
            gains, more_gains = cells[basins.of[hill]], more[basins.of[hill]]
            for x in range(max(hills.start[hill] - 1, 0), hills.stop[hill] - 1):
                gains[third[x]] += 1
                more_gains[lowest[x]] += 1
    cells += more
    return cells


@numba.njit
def _rank_cells(row: np.ndarray, below: np.ndarray, third: np.ndarray, lowest: np.ndarray) -> None:
    """Writes the third-highest and the lowest value of each 2 x 2 square of two rows."""
    for x in range(row.size - 1):
        low, high = min(row[x], row[x + 1]), max(row[x], row[x + 1])
        low_below, high_below = min(below[x], below[x + 1]), max(below[x], below[x + 1])
        third[x] = min(max(low, low_below), min(high, high_below))
        lowest[x] = min(low, low_below)


@numba.njit
def gain_area(area: np.ndarray, cells: np.ndarray, alive: np.ndarray, living: Integer, value: Integer) -> None:
    for component in alive[:living]:
        area[component] += cells[component, value]


@numba.njit
def find_largest(
    forest: Forest, components: np.ndarray, image: np.ndarray, hills: Hills, basins: Basins, value: Integer
) -> Integer:
    """Returns the component of the largest area; of equals the one whose first pixel is last in reading order."""
    best = components[0]
    for component in components[1:]:
        more = forest.area[component] - forest.area[best]
        if more > 0 or (more == 0 and _begins_later(forest, component, best, image, hills, basins, value)):
            best = component
    return best


@numba.njit
def _begins_later(
    forest: Forest, one: Integer, other: Integer, image: np.ndarray, hills: Hills, basins: Basins, value: Integer
) -> bool:
    top, top_of_other = forest.box[one, 1], forest.box[other, 1]
    if top != top_of_other:
        return top > top_of_other
    first = _first_column(forest, one, image[top], hills, top, basins, value)
    return first > _first_column(forest, other, image[top], hills, top, basins, value)


@numba.njit
def _first_column(
    forest: Forest, component: Integer, row: np.ndarray, hills: Hills, y: Integer, basins: Basins, value: Integer
) -> Integer:
    """Returns the leftmost pixel of a component in row y, which it must reach."""
    for hill in range(hills.first[y], hills.first[y + 1]):
        high = row[hills.peak[hill]] >= value and hills.stop[hill] > forest.box[component, 0]
        if high and find(forest.parent, basins.of[hill]) == component:
            x = hills.start[hill]
            while row[x] < value:
                x += 1
            return x
    return row.size
