"""What the mixing augmentations share: who is mixed with whom, and the provenance of the mix."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ..contracts import Batch, Source
from ..lazy import torch

if TYPE_CHECKING:
    from torch import Generator, Tensor


def chosen(prob: float, generator: Generator) -> bool:
    """True with probability `prob`. Always draws once, so that `prob` does not shift what is drawn after it."""
    return bool(torch.rand((), generator=generator) < prob)


def partners(size: int, generator: Generator) -> Tensor:
    """(size,) int64: a random permutation; sample i is mixed with sample `partners[i]`."""
    return torch.randperm(size, generator=generator)


def beta_sample(beta: float, generator: Generator) -> float:
    """One draw of Beta(beta, beta). torch's own distribution takes no generator, numpy's does."""
    import numpy as np

    seed = int(torch.randint(2**62, (), generator=generator))
    return float(np.random.default_rng(seed).beta(beta, beta))


def rectangle(height: int, width: int, side: float, generator: Generator) -> Tensor:
    """(height, width): 1 in a rectangle of `side` times the image's sides, centred anywhere and clipped; else 0."""
    cut_height, cut_width = int(height * side), int(width * side)
    y = int(torch.randint(height, (), generator=generator))
    x = int(torch.randint(width, (), generator=generator))
    inside = torch.zeros(height, width)
    inside[
        max(y - cut_height // 2, 0) : min(y + cut_height // 2, height),
        max(x - cut_width // 2, 0) : min(x + cut_width // 2, width),
    ] = 1
    return inside


def mix(batch: Batch, partner: Tensor, mask: Tensor, inputs: Tensor, second: Tensor | None = None) -> Batch:
    """The batch whose samples come from themselves where `mask` is 1 and from their partners where it is 0.

    batch: one source a sample. partner: (B,) int64. mask: (B, 1, *spatial) in [0, 1]; its mean is the weight of the
    sample's own label, exactly. inputs: (B, C, *spatial), the mixed inputs. second: (B, 1, *spatial), the partner's
    provenance mask if it was moved with its pixels; default: the partner's mask in place.

    Masks that the batch brings along (from an offline synthesizer) are kept: an element counts for a label if it comes
    from that sample and, in that sample, from its target. A pair of one class has one source, which covers what the two
    cover together, and is guided only if the samples were before they were mixed.
    """
    (own,) = batch.sources
    other = Source(own.labels[partner], own.weight[partner], own.mask[partner], own.guided[partner])
    if second is not None:
        other = replace(other, mask=second)
    own_share, other_share = _mean(mask), _mean(1 - mask)
    own_mask, other_mask = mask * own.mask, (1 - mask) * other.mask
    same = own.labels == other.labels
    same_column = same.view(-1, *[1] * (mask.ndim - 1))
    return Batch(
        inputs,
        (
            Source(
                own.labels,
                torch.where(same, own_share + other_share, own_share),
                torch.where(same_column, own_mask + other_mask, own_mask),
                ~same | own.guided | other.guided,
            ),
            Source(
                other.labels,
                torch.where(same, 0, other_share),
                torch.where(same_column, 0, other_mask),
                ~same,
            ),
        ),
        batch.ids,
    )


def _mean(mask: Tensor) -> Tensor:
    return mask.flatten(1).mean(dim=1)
