"""Sums over blocks of the input: how a scalar answers to coarse changes, and the random fields that try them.

A score that reads the mean of a region of N values with a range of R has a gradient of R/N at each value, so the sum
of its squares is R²/N: at 224 x 224 pixels a smooth background costs next to nothing, however much the score relies on
it. Summed over blocks before it is squared, the gradient is the answer to a uniform change of each block, and a smooth
reliance counts as much as a local one.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ...base import functional, torch

if TYPE_CHECKING:
    from torch import Generator, Tensor

Block = int | str
"""The side of a block: an int in input elements (1: each element by itself), or a share of each side as `"50%"`.
Keypoint clouds (B, C, P) have blocks of consecutive points: a person of J joints, with J; the whole video, `"100%"`."""


def check_block(block: Block) -> None:
    """Raises `ValueError` unless `block` is an int of at least 1 or a percentage above 0 and up to 100."""
    share = _SHARE.fullmatch(block) if isinstance(block, str) else None
    if not (block >= 1 if isinstance(block, int) else share and 0 < float(share[1]) <= 100):
        raise ValueError(
            f"a block is a number of elements (1, 2, …) or a share of the sides (50%, 100%), not {block!r}"
        )


_SHARE = re.compile(r"(\d+(?:\.\d+)?)%")


def block_sides(block: Block, spatial: Sequence[int]) -> tuple[int, ...]:
    """Returns the block's extent along each spatial axis, at least 1 and at most the axis.

    >>> block_sides("50%", (64, 48)), block_sides(32, (64, 20))
    ((32, 24), (32, 20))
    """
    if isinstance(block, str):
        return tuple(max(1, math.ceil(float(block.removesuffix("%")) * side / 100)) for side in spatial)
    return tuple(min(block, side) for side in spatial)


def block_sums(values: Tensor, block: Block) -> Tensor:
    """Returns the sums of `values` (B, C, *spatial) over blocks that tile the spatial axes from their start, (B, C, N).

    The last block of an axis may be smaller. Differentiable, twice as well.
    """
    sides = block_sides(block, values.shape[2:])
    for axis, side in enumerate(sides, start=2):
        values = _sums_along(values, axis, side)
    return values.flatten(2)


def block_count(block: Block, spatial: Sequence[int]) -> int:
    """Returns how many blocks tile an input."""
    return math.prod(-(-size // side) for size, side in zip(spatial, block_sides(block, spatial), strict=True))


def random_field(shape: Sequence[int], block: Block, generator: Generator | None = None) -> Tensor:
    """Returns a field (B, C, *spatial) of random signs, constant within each block and channel, on the CPU."""
    count, channels, *spatial = shape
    sides = block_sides(block, spatial)
    coarse = [-(-size // side) for size, side in zip(spatial, sides, strict=True)]
    field = torch.randint(2, (count, channels, *coarse), generator=generator).float() * 2 - 1
    for axis, (side, size) in enumerate(zip(sides, spatial, strict=True), start=2):
        field = field.repeat_interleave(side, dim=axis).narrow(axis, 0, size)
    return field


def _sums_along(values: Tensor, axis: int, side: int) -> Tensor:
    if side == 1:
        return values
    size = values.shape[axis]
    padded = functional.pad(values, [0, 0] * (values.ndim - 1 - axis) + [0, -size % side])
    return padded.unflatten(axis, (-1, side)).sum(dim=axis + 1)
