"""Images as grids of blocks: which block is best moved where, and the moving."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..base import functional

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor


def divisor(length: int, most: int) -> int:
    """The largest divisor of `length` that is at most `most`."""
    return next(size for size in range(min(length, most), 0, -1) if length % size == 0)


def enlarge(blocks: Tensor, sides: tuple[int, int]) -> Tensor:
    """(B, C, rows, columns) to (B, C, *sides), each block's value repeated; `sides` are multiples of the grid's."""
    return functional.interpolate(blocks, size=sides)


def best_moves(shares: np.ndarray, wanted: np.ndarray, cost: float) -> np.ndarray:
    """Returns, for each place of a grid, the block (in row-major order) that is moved there: (B, rows, columns) int64.

    shares: (B, rows, columns), the blocks' saliency. wanted: (B, rows, columns), 1 where saliency counts, else 0. Each
    block gets a place of its own, so that cost · distance² - the saliency that counts is least in all. Distances are in
    units of the grid's extent along each axis.
    """
    import numpy as np
    from scipy.optimize import linear_sum_assignment

    count, rows, columns = shares.shape
    y, x = (place.ravel() for place in np.mgrid[:rows, :columns])
    distance = sum(((axis[:, None] - axis) / max(axis.max(), 1)) ** 2 for axis in (y, x))
    origins = np.tile(np.arange(rows * columns), (count, 1))
    for i in range(count):
        if wanted[i].all() or not wanted[i].any():
            continue  # saliency counts the same everywhere, so staying is best
        blocks, places = linear_sum_assignment(cost * distance - shares[i].reshape(-1, 1) * wanted[i].reshape(1, -1))
        origins[i, places] = blocks
    return origins.reshape(count, rows, columns)


def move_blocks(images: Tensor, origins: Tensor) -> Tensor:
    """(B, C, H, W) with block `origins[b, row, column]` of image b at (row, column).

    origins: (B, rows, columns) int64, as of `best_moves`; rows divide H and columns divide W.
    """
    count, channels, height, width = images.shape
    rows, columns = origins.shape[1:]
    pieces = images.reshape(count, channels, rows, height // rows, columns, width // columns)
    pieces = pieces.permute(0, 2, 4, 1, 3, 5).flatten(1, 2)  # (B, rows · columns, C, block height, block width)
    index = origins.to(images.device).reshape(count, -1, 1, 1, 1).expand_as(pieces)
    moved = pieces.gather(1, index).unflatten(1, (rows, columns))
    return moved.permute(0, 3, 1, 4, 2, 5).reshape(images.shape)
