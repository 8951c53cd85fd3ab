"""Finds in which columns each basin exceeds which value. Compiled by numba."""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np

from .basins import OUTSIDE, Basins
from .hills import Hills, Integer


class Profile(NamedTuple):
    """Sideways extents of basins: basin[k] reaches column x[k] at the value height[k]."""

    basin: np.ndarray
    x: np.ndarray
    height: np.ndarray


@numba.njit
def find_profile(image: np.ndarray, hills: Hills, basins: Basins) -> Profile:
    """Returns the highest value of each basin in each of its columns, the outside left out."""
    left, right = np.full(basins.size, image.shape[1]), np.zeros(basins.size, np.int64)
    for hill in range(basins.of.size):
        basin = basins.of[hill]
        left[basin] = min(left[basin], hills.start[hill])
        right[basin] = max(right[basin], hills.stop[hill])
    shift = np.empty(basins.size, np.int64)
    size = 0
    for number in range(1, basins.size):
        shift[number] = size - left[number]
        size += right[number] - left[number]
    height = np.zeros(size, np.uint8)
    for y in range(image.shape[0]):
        _raise_profile(height, shift, image[y], hills, basins.of, y)
    basin, x = np.empty(size, np.int64), np.empty(size, np.int64)
    for number in range(1, basins.size):
        for column in range(left[number], right[number]):
            basin[shift[number] + column], x[shift[number] + column] = number, column
    return Profile(basin, x, height)


@numba.njit
def _raise_profile(
    height: np.ndarray, shift: np.ndarray, row: np.ndarray, hills: Hills, of: np.ndarray, y: Integer
) -> None:
    for hill in range(hills.first[y], hills.first[y + 1]):
        if of[hill] != OUTSIDE:
            start, stop = hills.start[hill], hills.stop[hill]
            _raise(height, np.uint64(shift[of[hill]] + start), row, np.uint64(start), stop - start)


@numba.njit
def _raise(height: np.ndarray, place: Integer, row: np.ndarray, x: Integer, size: Integer) -> None:
    """Raises a stretch of the profile to a stretch of a row. Unsigned indices let the loop vectorise."""
    for step in range(np.uint64(size)):
        height[place + step] = max(height[place + step], row[x + step])
