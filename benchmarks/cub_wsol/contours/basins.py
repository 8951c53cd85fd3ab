"""Joins the hills of a map to basins, and finds the values at which basins are connected. Compiled by numba."""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np

from .hills import Hills, Integer

OUTSIDE = 0
"""The basin beyond the border. Nothing but holes is connected to it."""


class Basins(NamedTuple):
    """The basins of a map, numbered from 1 after the outside, size in all.

    of: (n,) the basin of each hill. edges: (m, 2) pairs of basins, connected at the values passes: (m,).
    """

    of: np.ndarray
    edges: np.ndarray
    passes: np.ndarray
    size: int


@numba.njit
def find(parent: np.ndarray, node: Integer) -> Integer:
    """Returns the root of a node, and shortens the way to it."""
    while parent[node] != node:
        parent[node] = parent[parent[node]]
        node = parent[node]
    return node


@numba.njit
def find_basins(image: np.ndarray, hills: Hills, reach: Integer) -> Basins:
    """Joins hills to basins. reach: 1 where pixels are connected across corners, 0 where not and the border is open."""
    height = image.shape[0]
    parent = np.arange(hills.start.size + 1)  # of hills + 1, after the outside
    for y in range(height):
        if reach == 0 and (y == 0 or y + 1 == height):
            for hill in range(hills.first[y], hills.first[y + 1]):
                _join(parent, OUTSIDE, hill + 1)
        else:
            _climb(image, hills, y, reach, parent)
    of, count = _number(parent)
    edges, passes = _find_passes(image, hills, of, reach)
    return Basins(of, edges, passes, count)


@numba.njit
def _climb(image: np.ndarray, hills: Hills, y: Integer, reach: Integer, parent: np.ndarray) -> None:
    """Joins each hill of a row to one hill above or below that its peak touches, if that is no lower there."""
    above, below = max(y - 1, 0), min(y + 1, image.shape[0] - 1)
    row, row_above, row_below = image[y], image[above], image[below]
    peak, stop = hills.peak, hills.stop
    upper, lower = hills.first[above], hills.first[below]
    for hill in range(hills.first[y], hills.first[y + 1]):
        x = peak[hill]
        up = down = x
        if row_above[x] <= row[x] and row_below[x] <= row[x]:
            up, down = _highest_near(row_above, x, reach), _highest_near(row_below, x, reach)
        if above < y and row_above[up] >= row[x] and (row_above[up] > row[x] or row_above[up] >= row_below[down]):
            while stop[upper] <= up:
                upper += 1
            _join(parent, hill + 1, upper + 1)
        elif y < below and row_below[down] >= row[x]:
            while stop[lower] <= down:
                lower += 1
            _join(parent, hill + 1, lower + 1)


@numba.njit
def _highest_near(row: np.ndarray, x: Integer, reach: Integer) -> Integer:
    """Returns the column of the highest pixel within reach of column x."""
    best = max(x - reach, 0)
    for column in range(best + 1, min(x + reach + 1, row.size)):
        if row[column] > row[best]:
            best = column
    return best


@numba.njit
def _join(parent: np.ndarray, one: Integer, other: Integer) -> None:
    one, other = find(parent, one), find(parent, other)
    parent[max(one, other)] = min(one, other)


@numba.njit
def _number(parent: np.ndarray) -> tuple[np.ndarray, Integer]:
    """Returns the basin of each hill, numbered from 1 (0 is the outside), and how many there are with the outside."""
    label = np.zeros(parent.size, np.int64)
    of = np.empty(parent.size - 1, np.int64)
    count = 1
    for node in range(1, parent.size):
        root = find(parent, node)
        if root == node:
            label[node] = count
            count += 1
        of[node - 1] = label[root]
    return of, count


@numba.njit
def _find_passes(image: np.ndarray, hills: Hills, of: np.ndarray, reach: Integer) -> tuple[np.ndarray, np.ndarray]:
    """Returns the pairs of basins that touch, (m, 2), and the value at which they do, (m,); some several times."""
    height, width = image.shape
    most = 5 * of.size + 2 * height
    edges, passes = np.empty((most, 2), np.int64), np.empty(most, np.uint8)
    count = 0
    for y in range(height):
        first, last = hills.first[y], hills.first[y + 1] - 1
        for hill in range(first, last):
            lowest = image[y, hills.stop[hill] - 1]
            count = _add_edge(edges, passes, count, of[hill], of[hill + 1], lowest)
        if reach == 0:
            count = _add_edge(edges, passes, count, of[first], OUTSIDE, image[y, 0])
            count = _add_edge(edges, passes, count, of[last], OUTSIDE, image[y, width - 1])
        if y + 1 < height:
            count = _find_passes_down(image[y], image[y + 1], hills, of, y, reach, edges, passes, count)
    return edges[:count], passes[:count]


@numba.njit
def _find_passes_down(
    row: np.ndarray,
    below: np.ndarray,
    hills: Hills,
    of: np.ndarray,
    y: Integer,
    reach: Integer,
    edges: np.ndarray,
    passes: np.ndarray,
    count: Integer,
) -> Integer:
    start, stop = hills.start, hills.stop
    left, end = hills.first[y + 1], hills.first[y + 2]
    for hill in range(hills.first[y], left):
        while stop[left] + reach <= start[hill]:
            left += 1
        other = left
        while other < end and start[other] < stop[hill] + reach:
            if of[hill] != of[other]:
                value = _highest_pass(row, below, start[hill], stop[hill], start[other], stop[other], reach)
                count = _add_edge(edges, passes, count, of[hill], of[other], value)
            other += 1
    return count


@numba.njit
def _add_edge(
    edges: np.ndarray, passes: np.ndarray, count: Integer, one: Integer, other: Integer, value: Integer
) -> Integer:
    if one == other or value == 0:
        return count
    edges[count, 0], edges[count, 1], passes[count] = one, other, value
    return count + 1


@numba.njit
def _highest_pass(
    row: np.ndarray,
    below: np.ndarray,
    start: Integer,
    stop: Integer,
    start_below: Integer,
    stop_below: Integer,
    reach: Integer,
) -> Integer:
    """Returns the highest value at which two hills of neighbouring rows touch."""
    best = np.uint8(0)
    for shift in range(-reach, reach + 1):
        first, end = max(start, start_below - shift), min(stop, stop_below - shift)
        if first < end:
            best = max(best, _highest_of_lower(row, below, np.uint64(first), np.uint64(first + shift), end - first))
    return best


@numba.njit
def _highest_of_lower(row: np.ndarray, below: np.ndarray, x: Integer, x_below: Integer, size: Integer) -> Integer:
    """Returns max(min(row[x + i], below[x_below + i])) over 0 ≤ i < size. Unsigned indices let the loop vectorise."""
    best = np.uint8(0)
    for place in range(np.uint64(size)):
        best = max(best, min(row[x + place], below[x_below + place]))
    return best
