"""Sweeps the values of a map from the highest down and scores the boxes that change. Compiled by numba."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

from .basins import Basins, find
from .extents import find_profile
from .forest import Forest, absorb, add_columns, add_rows, keep_roots, plant
from .hills import LEVELS, Hills, Integer, find_peaks
from .largest import find_largest, gain_area
from .overlaps import best_iou, find_cover


@numba.njit
def sweep(
    image: np.ndarray,
    hills: Hills,
    basins: Basins,
    cells: np.ndarray,
    truth: np.ndarray,
    best: np.ndarray,
    largest: np.ndarray,
    margin: Integer,
) -> Forest:
    """Raises best, by level, to the IoUs of the components above each value; writes the largest component's.

    cells: as `count_cells` returns them, or without columns where the largest is not wanted. margin: 0 for the
    foreground, 1 for holes, whose levels are counted from above. Returns the forest in its last state.
    """
    forest = plant(basins.size)
    profile = find_profile(image, hills, basins)
    rows, heights = find_peaks(image, hills)
    columns, column_begin = _order(profile.height)
    peaks, peak_begin = _order(heights)
    edges, edge_begin = _order(basins.passes)
    alive, living = np.empty(basins.size, np.int64), 0
    parent, box, fit = forest.parent, forest.box, forest.fit
    for value in range(LEVELS - 1, 0, -1):
        living = add_rows(
            parent,
            box,
            forest.hills,
            fit,
            alive,
            living,
            peaks,
            peak_begin[value],
            peak_begin[value + 1],
            basins.of,
            rows,
        )
        add_columns(parent, box, fit, columns, column_begin[value], column_begin[value + 1], profile.basin, profile.x)
        for place in range(edge_begin[value], edge_begin[value + 1]):
            one = find(parent, basins.edges[edges[place], 0])
            other = find(parent, basins.edges[edges[place], 1])
            if one != other:
                absorb(forest, cells, min(one, other), max(one, other), value)
        living = keep_roots(parent, alive, living)
        level = LEVELS - 1 - value if margin else value - 1
        best[level] = max(best[level], _fit(box, fit, alive, living, image.shape, truth, margin))
        if margin:
            largest[level] = find_cover(box, forest.hills, alive, living, truth)
        elif cells.shape[1] and living:
            gain_area(forest.area, cells, alive, living, value)
            component = alive[0] if living == 1 else find_largest(forest, alive[:living], image, hills, basins, value)
            largest[level] = fit[component]
    return forest


@numba.njit
def _order(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns the places of uint8 values by value, and (257,) where each value's begin."""
    begin = np.zeros(LEVELS + 1, np.int64)
    for value in values:
        begin[value + 1] += 1
    for value in range(LEVELS):
        begin[value + 1] += begin[value]
    following = begin.copy()
    places = np.empty(values.size, np.int64)
    for place in range(values.size):
        places[following[values[place]]] = place
        following[values[place]] += 1
    return places, begin


@numba.njit
def _fit(
    box: np.ndarray,
    fit: np.ndarray,
    alive: np.ndarray,
    living: Integer,
    shape: tuple[int, int],
    truth: np.ndarray,
    margin: Integer,
) -> Any:
    """Returns the best IoU of the components; computes it where a box changed.

    The far corner of a box lies one pixel beyond its contour, inside the image.
    """
    best = 0.0
    for component in alive[:living]:
        if fit[component] < 0:
            x0, y0 = box[component, 0] - margin, box[component, 1] - margin
            x1, y1 = box[component, 2] + margin + 1, box[component, 3] + margin + 1
            fit[component] = best_iou(x0, y0, min(x1, shape[1] - 1), min(y1, shape[0] - 1), truth)
        best = max(best, fit[component])
    return best
