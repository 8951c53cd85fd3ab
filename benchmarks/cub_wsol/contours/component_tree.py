"""Scores the boxes of all contours of a map at all of its 256 levels in one sweep, compiled by numba.

Foreground components (8-connected) only grow while the level falls, and holes (4-connected components of the rest that
do not reach the border) only while it rises. Either is therefore one sweep over a tree of components:

1. Rows are cut at their minima into hills, whose part above any level is an interval.
2. A hill whose peak touches a pixel of a neighbouring row that is at least as high belongs to that pixel's hill at
   every level. Hills that belong together are a basin: some tens of them instead of 50,000 pixels.
3. Two basins are connected from the level of the highest pass between them downwards (an edge), and a basin's extent
   grows wherever the profile of its columns or the peaks of its hills exceed the level (points).
4. The sweep takes values from 255 down, adds the points and edges of each value, and scores the boxes that changed.

Holes are swept on the inverted map, with one basin more, the outside. The box of a hole is its extent and the
foreground pixels around it. The largest contour is that of a component that lies in no hole, hence of a component of
the map whose holes are filled up. Its area, a polygon through the centres of its border pixels, is 1 for each 2 x 2
square of its pixels and 1/2 for each three of such a square; of equal areas OpenCV's first contour counts, which is
that of the component whose first pixel in reading order is last.

Only evaluation imports this package, since numba takes 0.2 s.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numba
import numpy as np

from .basins import OUTSIDE, Basins, find_basins
from .forest import Forest
from .hills import LEVELS, Hills, cut_rows
from .largest import count_cells
from .overlaps import best_iou
from .sweep import sweep


@numba.njit
def _best_fits(image: np.ndarray, truth: np.ndarray, taus: np.ndarray) -> np.ndarray:
    highest = np.int64(image.max())
    fits = np.zeros((2, LEVELS))
    fits[:, highest] = best_iou(0, 0, 0, 0, truth)  # no contour at all
    cover = np.zeros(LEVELS)
    filled = _fit_holes(image, truth, fits[0], cover)
    _fit_foreground(filled, truth, fits[0], fits[1], True)
    if (cover > fits[0]).any():  # else no component inside a hole can have a better IoU
        _fit_foreground(image, truth, fits[0], fits[1], False)
    out = np.empty((2, taus.size))
    for place in range(taus.size):
        level = np.int64(taus[place] * highest)
        out[0, place] = fits[0, level]
        out[1, place] = fits[1, level]
    return out


@numba.njit
def _fit_foreground(
    image: np.ndarray, truth: np.ndarray, best: np.ndarray, largest: np.ndarray, with_areas: bool
) -> None:
    """Raises best to the IoUs of the components of an image; writes the largest one's, where areas are wanted."""
    hills = cut_rows(image)
    basins = find_basins(image, hills, 1)
    cells = count_cells(image, hills, basins) if with_areas else np.zeros((basins.size, 0), np.int32)
    sweep(image, hills, basins, cells, truth, best, largest, 0)


@numba.njit
def _fit_holes(image: np.ndarray, truth: np.ndarray, best: np.ndarray, cover: np.ndarray) -> np.ndarray:
    """Raises best to the IoUs of holes, and cover to the share of a true box that a hole's box covers, both by level.

    Returns the image with its holes filled up, or itself where there are none.
    """
    inverted = np.empty_like(image)
    for y in range(image.shape[0]):
        for x in range(image.shape[1]):
            inverted[y, x] = 255 - image[y, x]
    hills = cut_rows(inverted)
    basins = find_basins(inverted, hills, 0)
    if basins.size == 1:
        return image
    forest = sweep(inverted, hills, basins, np.zeros((basins.size, 0), np.int32), truth, best, cover, 1)
    return _fill(image, hills, basins, forest)


@numba.njit
def _fill(image: np.ndarray, hills: Hills, basins: Basins, forest: Forest) -> np.ndarray:
    """Returns the image with each hole raised to the value at which it opens to the outside."""
    opens = np.empty(basins.size, np.uint8)
    opens[OUTSIDE] = 0
    for basin in range(1, basins.size):
        above = forest.above[basin]
        opens[basin] = 255 - forest.joined[basin] if above in (OUTSIDE, basin) else opens[above]
    filled = image.copy()
    for y in range(image.shape[0]):
        for hill in range(hills.first[y], hills.first[y + 1]):
            value = opens[basins.of[hill]]
            if value > 0:
                for x in range(hills.start[hill], hills.stop[hill]):
                    filled[y, x] = max(filled[y, x], value)
    return filled


def _compiled(sources: str) -> Any:
    """Returns `best_fits`, which is compiled on its first call and read from numba's cache in later processes.

    sources: the text of all files that are compiled. numba itself notices changes of this file only, but what a
    function closes over is part of its key in the cache. The cache lies in `NUMBA_CACHE_DIR`, next to this file or in
    the user's cache folder. Where none of them can be written, every process compiles for itself. Threads can call the
    function side by side.
    """

    def best_fits(image: np.ndarray, truth: np.ndarray, taus: np.ndarray) -> np.ndarray:
        """Returns (2, T): the best IoU of the boxes of all contours, and the IoU of the largest contour's, at each τ.

        image: (H, W) uint8. truth: (n, 4) int64, boxes with both corners inclusive. taus: (T,) in [0, 1).
        """
        _ = sources
        return _best_fits(image, truth, taus)

    try:
        return numba.njit(cache=True, nogil=True)(best_fits)
    except RuntimeError:  # no folder for the cache
        return numba.njit(nogil=True)(best_fits)


best_fits = _compiled("".join(file.read_text("utf-8") for file in sorted(Path(__file__).parent.glob("*.py"))))
