"""Cuts the rows of a map at their minima into hills, whose part above any level is an interval. Compiled by numba."""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

import numba
import numpy as np

LEVELS = 256
Integer: TypeAlias = Any
"""An integer of any width: for numba they differ, for Python they do not."""


class Hills(NamedTuple):
    """Rows cut at their minima: hill i of n has the columns start[i] ≤ x < stop[i], and its highest pixel at peak[i].

    The hills of row y are first[y] ≤ i < first[y + 1].
    """

    first: np.ndarray
    start: np.ndarray
    stop: np.ndarray
    peak: np.ndarray


@numba.njit
def cut_rows(image: np.ndarray) -> Hills:
    height, width = image.shape
    most = height * (width + 1) // 2 + height
    first = np.empty(height + 1, np.int64)
    start, stop, peak = np.empty(most, np.int64), np.empty(most, np.int64), np.empty(most, np.int64)
    count = 0
    for y in range(height):
        first[y] = count
        count = _cut_row(image[y], start, stop, peak, count)
    first[height] = count
    return Hills(first, start[:count], stop[:count], peak[:count])


@numba.njit
def _cut_row(row: np.ndarray, start: np.ndarray, stop: np.ndarray, peak: np.ndarray, count: Integer) -> Integer:
    start[count] = 0
    rises = True
    for x in range(1, row.size):
        if rises:
            if row[x] < row[x - 1]:
                peak[count] = x - 1
                rises = False
        elif row[x] > row[x - 1]:
            stop[count] = x
            count += 1
            start[count] = x
            rises = True
    if rises:
        peak[count] = row.size - 1
    stop[count] = row.size
    return count + 1


@numba.njit
def find_peaks(image: np.ndarray, hills: Hills) -> tuple[np.ndarray, np.ndarray]:
    """Returns the row and the highest value of each hill."""
    rows, heights = np.empty(hills.peak.size, np.int64), np.empty(hills.peak.size, np.uint8)
    for y in range(image.shape[0]):
        for hill in range(hills.first[y], hills.first[y + 1]):
            rows[hill], heights[hill] = y, image[y, hills.peak[hill]]
    return rows, heights
