"""PuzzleMix: the salient blocks of two images, moved so that they fit next to each other."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from pydantic import Field

from ..base import UserError, functional, torch
from ..contracts import Augmentation, Batch, on_device
from ..params import Params, tunable
from .blocks import best_moves, divisor, enlarge, move_blocks
from .mixing import beta_sample, chosen, image_sides, mix, partners
from .salient import saliency

if TYPE_CHECKING:
    from torch import Generator, Tensor

GRIDS = (2, 4, 8, 16)
"""Blocks a side that the mask may have, one drawn a batch."""
FINEST = 32
"""Most blocks a side that are moved: the exact assignment takes the cube of their number."""


class PuzzleMixParams(Params):
    prob: float = tunable(1.0, low=0.0, high=1.0, ge=0, le=1, description="share of the batches that are mixed")
    alpha: float = Field(1.0, gt=0, description="both parameters of the Beta distribution of the mixing ratio λ")
    n_labels: int = Field(3, ge=2, le=8, description="mask values, evenly spaced in [0, 1]; 3: 0, 0.5 and 1")
    eta: float = Field(0.2, ge=0, description="weight of the prior, that the mask's mean be about λ")
    beta: float = tunable(
        1.2, low=0.1, high=10.0, log=True, ge=0, description="label smoothness: of neighbours that differ in the mask"
    )
    gamma: float = Field(
        0.5, ge=0, le=1, description="data smoothness, in units of beta: of neighbours that differ in their pixels"
    )
    neigh_size: int = Field(4, ge=1, description="pixels: side of the cells whose means are compared across a border")
    transport: bool = Field(True, description="move each image's salient blocks to where the mask shows that image")
    t_eps: float = Field(0.8, ge=0, description="cost of moving a block across the image, in shares of its saliency")
    t_size: int | None = Field(
        None,
        ge=1,
        description="pixels: side of the blocks that are moved, or the next smaller that divides the mask's blocks; "
        "none: the mask's blocks",
    )


class PuzzleMix(Augmentation):
    """Choose for each block of an image whose pixels it shows, so that what is salient in both survives.

    Saliency is the norm of the classification loss's input gradient, over the channels; one more forward and backward
    pass, in evaluation mode where `model` is a module. The mask minimises lost saliency + smoothness of the mask and of
    the pixels across the blocks' borders + a binomial prior with λ ~ Beta(alpha, alpha), on a grid of 2, 4, 8 or 16
    blocks a side, drawn from those that divide both sides of the image. Then each image's blocks are moved, so that its
    saliency comes to lie where the mask shows it. The provenance is the mask, over the moved images; masks that the
    images bring along move with their pixels. Weights are the mask's mean.

    Where this differs from the reference implementation: the labelling is the exact minimum (`label_grid`), where the
    reference uses alpha-beta swap; the assignment of blocks is the optimal one (scipy's `linear_sum_assignment`), where
    the reference uses a few rounds of an auction; pixels are compared after each channel is stretched to [0, 1] over
    the batch, since an augmentation does not know how they were normalised.

    Raises `UserError` where none of the grids divides the image, or `t_size` cuts it too fine.

    Source: Kim et al., "Puzzle Mix: Exploiting Saliency and Local Statistics for Optimal Mixup" (ICML 2020), sections
    4 and 5; reference implementation snu-mllab/PuzzleMix.
    """

    Params = PuzzleMixParams
    params: PuzzleMixParams

    def __call__(self, batch: Batch, generator: Generator, model: Callable[[Tensor], Tensor]) -> Batch:
        height, width = image_sides(batch, self.name)
        grids = [grid for grid in GRIDS if height % grid == 0 and width % grid == 0]
        if not grids:
            raise UserError(
                f"{self.name}: no grid of {', '.join(map(str, GRIDS))} blocks a side divides an image of "
                f"{height} x {width} pixels: choose an image_size that is even"
            )
        for grid in grids:
            self._cells(grid, height, width)  # raises on the first batch, whichever grid it draws
        if not chosen(self.params.prob, generator):
            return batch
        partner = on_device(partners(len(batch), generator), batch.inputs)
        grid = grids[int(torch.randint(len(grids), (), generator=generator))]
        ratio = beta_sample(self.params.alpha, generator)

        salient = saliency(batch, model)
        blocks = self._choose(batch.inputs, salient, partner, grid, ratio)
        mask = enlarge(blocks, (height, width))
        (source,) = batch.sources
        own, other = (batch.inputs, source.mask), (batch.inputs[partner], source.mask[partner])
        if self.params.transport:
            own = self._moved(own, salient, blocks)
            other = self._moved(other, salient[partner], 1 - blocks)
        share = mask.to(batch.inputs.dtype)
        inputs = share * own[0] + (1 - share) * other[0]
        return mix(batch, partner, mask, inputs, first=own[1], second=other[1])

    def _choose(self, inputs: Tensor, salient: Tensor, partner: Tensor, grid: int, ratio: float) -> Tensor:
        """(B, 1, grid, grid) in [0, 1]: how much each block shows of the sample itself."""
        from .grid_labelling import label_grid

        params = self.params
        shares = torch.linspace(0, 1, params.n_labels, dtype=torch.float64)
        own = _shares(salient, (grid, grid)).double().cpu()
        lost_own, lost_other = own.clone(), own[partner]
        smooth = params.beta / grid / 16
        weights = []
        for axis, contrast in enumerate(border_contrast(_stretched(inputs), partner, grid, params.neigh_size)):
            # a border's cost depends on whose pixels are on either side of it, (near, far); split into a part for the
            # near block, one for the far block, and one for their difference, exactly for masks of 0 and 1
            both, own_near, own_far, neither = (contrast * smooth * params.gamma).double().cpu().unbind(dim=1)
            near, far = ((..., slice(None, -1), slice(None)), (..., slice(1, None), slice(None)))
            if axis == 1:
                near, far = ((..., slice(None, -1)), (..., slice(1, None)))
            lost_other[near] += (own_near + both) / 2
            lost_own[near] += (own_far + neither) / 2
            lost_other[far] += (own_far + both) / 2
            lost_own[far] += (own_near + neither) / 2
            weights.append((smooth + (own_near + own_far - both - neither) / 2).clamp(min=0).numpy())

        prior = torch.tensor(_prior(params.n_labels, ratio), dtype=torch.float64) * params.eta / grid**2
        column = shares.view(1, -1, 1, 1)
        unary = (1 - column) * lost_own[:, None] + column * lost_other[:, None] + prior.view(1, -1, 1, 1)
        labels = [label_grid(*costs) for costs in zip(unary.numpy(), *weights, strict=True)]
        chosen_shares = torch.stack([shares[torch.from_numpy(each)] for each in labels])
        return chosen_shares[:, None].to(inputs.device, torch.float32)

    def _moved(self, images: tuple[Tensor, Tensor], salient: Tensor, blocks: Tensor) -> tuple[Tensor, Tensor]:
        """The images (B, C, H, W) and their masks, each block moved to where `blocks` (B, 1, grid, grid) is above 0."""
        cells = self._cells(blocks.shape[-1], *salient.shape[-2:])
        wanted = (enlarge(blocks, cells) > 0).squeeze(1).double().cpu().numpy()
        shares = _shares(salient, cells).double().cpu().numpy()
        origins = torch.from_numpy(best_moves(shares, wanted, self.params.t_eps))
        return move_blocks(images[0], origins), move_blocks(images[1], origins)

    def _cells(self, grid: int, height: int, width: int) -> tuple[int, int]:
        """(rows, columns) of the blocks that are moved when the mask has `grid` a side; `UserError` if too many."""
        if self.params.t_size is None:
            return grid, grid
        rows, columns = (side // divisor(side // grid, self.params.t_size) for side in (height, width))
        if max(rows, columns) > FINEST:
            raise UserError(
                f"{self.name}: t_size {self.params.t_size} cuts an image of {height} x {width} pixels into "
                f"{rows} x {columns} blocks where the mask has {grid} a side, and at most {FINEST} a side are moved: "
                "raise t_size or leave it out"
            )
        return rows, columns


def border_contrast(pixels: Tensor, partner: Tensor, grid: int, size: int) -> tuple[Tensor, Tensor]:
    """Returns how visible each border between blocks would be, by which image has the pixels on either side of it.

    pixels: (B, C, H, W). size: side in pixels of the cells whose means are compared, or the next smaller that divides a
    block. Returns (B, 4, grid - 1, grid) for the blocks above each other and (B, 4, grid, grid - 1) for those beside
    each other: mean absolute differences for (near, far) = (own, own), (own, partner's), (partner's, own),
    (partner's, partner's).
    """
    return _downward(pixels, partner, grid, size), _downward(pixels.mT, partner, grid, size).mT


def _downward(pixels: Tensor, partner: Tensor, grid: int, size: int) -> Tensor:
    block_height, block_width = pixels.shape[-2] // grid, pixels.shape[-1] // grid
    cell_height, cell_width = divisor(block_height, size), divisor(block_width, size)
    cells = functional.avg_pool2d(pixels, (cell_height, cell_width))
    rows = block_height // cell_height
    near, far = cells[:, :, rows - 1 : -1 : rows], cells[:, :, rows::rows]
    pairs = [(near, far), (near, far[partner]), (near[partner], far), (near[partner], far[partner])]
    differences = torch.stack([(one - other).abs().mean(dim=1) for one, other in pairs], dim=1)
    return functional.avg_pool2d(differences, (1, block_width // cell_width))


def _shares(salient: Tensor, cells: tuple[int, int]) -> Tensor:
    """(B, *cells): each block's share of an image's saliency; uniform where there is none, or it is not finite."""
    height, width = salient.shape[-2:]
    pooled = functional.avg_pool2d(salient[:, None], (height // cells[0], width // cells[1])).squeeze(1)
    total = pooled.sum(dim=(1, 2), keepdim=True)
    usable = torch.isfinite(total) & (total > 0)
    return torch.where(usable, pooled / total, 1 / (cells[0] * cells[1]))


def _stretched(inputs: Tensor) -> Tensor:
    """Each channel of a batch, from its least to its greatest value, on [0, 1]."""
    inputs = inputs.detach().float()
    low, high = inputs.amin(dim=(0, 2, 3), keepdim=True), inputs.amax(dim=(0, 2, 3), keepdim=True)
    return torch.where(high > low, (inputs - low) / (high - low), 0)


def _prior(n_labels: int, ratio: float) -> list[float]:
    """-log of the binomial distribution of the label, each step up with probability `ratio`."""
    steps = n_labels - 1
    chances = [math.comb(steps, k) * ratio**k * (1 - ratio) ** (steps - k) for k in range(n_labels)]
    return [-math.log(chance + 1e-8) for chance in chances]
