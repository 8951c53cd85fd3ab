"""The form of the penalty: which scalar's gradient, outside which masks, in which units, summed over which blocks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING, Literal

from ...base import torch
from ...contracts import Source, in_fp32
from .blocks import Block, block_count, block_sums
from .masks import MaskKind, control_masks
from .scalars import ScalarKind, scalar_of

if TYPE_CHECKING:
    from torch import Generator, Tensor

Normalisation = Literal["none", "pixels", "logit-scale"]


def total(terms: Iterable[Tensor]) -> Tensor:
    """Returns the sum of tensors of one shape."""
    return reduce(torch.add, terms)


def _energy(residuals: Sequence[Tensor], block: Block) -> Tensor:
    return total(block_sums(residual, block).square().flatten(1).sum(dim=1) for residual in residuals)


@dataclass(frozen=True)
class Form:
    """The penalty of one sample: the energy of the masked gradients of its scalars.

    blocks: the energy is the mean over these block sizes of Σ over blocks and channels of (the block's sum)².
    normalise: `pixels` multiplies the energy by the number of blocks and channels that it sums over, so that α means
    the same at every resolution for a score that reads region means; `logit-scale` divides it by the mean variance of
    a sample's logits, with its gradient, so that shrinking all logits does not lower it.
    channels: the input channels that count; None: all. unit: (C,), the standard deviation by which pixels in [0, 1]
    were divided: with it gradients are those by pixels in [0, 1].
    """

    scalar: ScalarKind = "logit"
    blocks: tuple[Block, ...] = (1,)
    normalise: Normalisation = "none"
    mask: MaskKind = "provenance"
    mask_scale: float = 1.0
    channels: tuple[int, ...] | None = None
    unit: Tensor | None = None

    def scalars(self, logits: Tensor, sources: Sequence[Source], generator: Generator | None) -> list[Tensor]:
        """Returns (B,) for each source, zero where it does not guide the sample."""
        return [
            scalar_of(logits, source.labels, self.scalar, generator) * source.guided.to(logits.dtype)
            for source in sources
        ]

    def outside(self, sources: Sequence[Source], generator: Generator | None) -> list[Tensor]:
        """Returns 1 - mask for each source, (B, 1, *spatial), zero where it does not guide the sample."""
        masks = control_masks([in_fp32(source.mask) for source in sources], self.mask, self.mask_scale, generator)
        return [
            (1 - mask) * source.guided.view(-1, *[1] * (mask.ndim - 1))
            for source, mask in zip(sources, masks, strict=True)
        ]

    def energy(self, residuals: Sequence[Tensor]) -> Tensor:
        """Returns (B,): the energy of the sources' masked gradients, each (B, C, *spatial), before `logit-scale`.

        Element by element the sources' gradients are added before they are squared, as the paper has it. Over
        larger blocks, in which the outsides of several sources meet, each source has an energy of its own.
        """
        counted = [self._counted(residual) for residual in residuals]
        energies = [
            _energy([total(counted)] if block == 1 else counted, block) * self.weight(counted[0].shape, block)
            for block in self.blocks
        ]
        return total(energies) / len(energies)

    def _counted(self, residual: Tensor) -> Tensor:
        if self.unit is not None:
            residual = residual / self.unit.view(1, -1, *[1] * (residual.ndim - 2))
        if self.channels is None:
            return residual
        return torch.stack([residual[:, channel] for channel in self.channels], dim=1)

    def weight(self, shape: Sequence[int], block: Block) -> int:
        """Returns the factor of `normalise: pixels` for counted inputs of shape (B, C, *spatial); 1 otherwise."""
        return shape[1] * block_count(block, shape[2:]) if self.normalise == "pixels" else 1

    def rescale(self, energy: Tensor, logits: Tensor) -> Tensor:
        """Returns `energy` (B,) in units of the logits' variance where `normalise` is `logit-scale`."""
        if self.normalise != "logit-scale":
            return energy
        variance = in_fp32(logits).var(dim=1, unbiased=False).mean()
        return energy / variance.clamp(min=1e-12)
