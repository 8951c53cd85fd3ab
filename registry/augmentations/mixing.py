"""Shared parts of the mixing augmentations: the choice of partners, and the provenance of the mix."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..base import UserError, torch
from ..contracts import Batch, Source, on_device

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


def image_sides(batch: Batch, name: str) -> tuple[int, int]:
    """(H, W) of a batch of images; `UserError` that begins with `name` where the inputs are something else."""
    if batch.inputs.ndim != 4:
        raise UserError(
            f"{name}: mixes images (B, C, H, W), and this task's inputs are {tuple(batch.inputs.shape)}: "
            "choose an augmentation for such inputs"
        )
    return batch.inputs.shape[-2], batch.inputs.shape[-1]


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


def mix(
    batch: Batch,
    partner: Tensor,
    mask: Tensor,
    inputs: Tensor,
    *,
    first: Tensor | None = None,
    second: Tensor | None = None,
    share: Tensor | None = None,
    located: bool = True,
) -> Batch:
    """The batch whose samples come from themselves where `mask` is 1 and from their partners where it is 0.

    batch: one source a sample, or several labels with weights, whose masks stay in place. partner: (B,) int64. mask:
    (B, 1, *spatial) in [0, 1]; its mean is the weight of the sample's own label, exactly. inputs: (B, C, *spatial), the
    mixed inputs. first, second: (B, 1, *spatial), the sample's and its partner's provenance mask if they were moved
    with their pixels; default: the masks in place.
    share: (B,) in [0, 1], the weight of the sample's own label where it is not the mean of `mask`, as in clouds with
    missing points.
    located: False where `mask` says how much, but not where, as a blend of whole images does; nothing is then guided.

    Masks that the batch brings along (from an offline synthesizer) are kept: an element counts for a label if it comes
    from that sample and, in that sample, from its target. A pair of one class has one source, which covers what the two
    cover together, and is guided only if the samples were before they were mixed. So is a sample of which nothing is
    left, or nothing mixed: the one that fills the input keeps what it had, the other is not in play.
    """
    partner = on_device(partner, inputs)
    own_share, other_share = (_mean(mask), _mean(1 - mask)) if share is None else (share, 1 - share)
    if len(batch.sources) > 1:
        return _mix_of_mixes(batch, partner, mask, inputs, own_share, other_share, located)
    source = next(iter(batch.sources))
    own_mask = mask * (source.mask if first is None else first)
    other_mask = (1 - mask) * (source.mask[partner] if second is None else second)
    same = source.labels == source.labels[partner]
    same_column = same.view(-1, *[1] * (mask.ndim - 1))
    own_guided = source.guided & (own_share > 0)
    other_guided = source.guided[partner] & (other_share > 0)
    pair = ~same & (own_share > 0) & (other_share > 0)
    return Batch(
        inputs,
        (
            Source(
                source.labels,
                torch.where(same, 1, own_share),
                torch.where(same_column, own_mask + other_mask, own_mask),
                (pair | own_guided | same & other_guided) & located,
            ),
            Source(
                source.labels[partner],
                torch.where(same, 0, other_share),
                torch.where(same_column, 0, other_mask),
                (pair | ~same & other_guided) & located,
            ),
        ),
        batch.ids,
        batch.synthetic,
    )


def _mix_of_mixes(
    batch: Batch, partner: Tensor, mask: Tensor, inputs: Tensor, own: Tensor, other: Tensor, located: bool
) -> Batch:
    """The mix of samples that have several labels each: the sources of both, weighted by the two shares.

    A label that both samples have, or of which nothing is left, guides nothing.
    """
    theirs = [
        Source(one.labels[partner], one.weight[partner], one.mask[partner], one.guided[partner])
        for one in batch.sources
    ]
    there = (own > 0) & (other > 0)
    mixed = [_part_of(one, theirs, own, mask, there, located) for one in batch.sources] + [
        _part_of(one, batch.sources, other, 1 - mask, there, located) for one in theirs
    ]
    return Batch(inputs, tuple(mixed), batch.ids, batch.synthetic)


def _part_of(
    source: Source, others: Sequence[Source], share: Tensor, mask: Tensor, pair: Tensor, located: bool
) -> Source:
    """One source of a sample of which a share is left, beside the sources of the sample that it is mixed with."""
    shared = torch.stack([(one.labels == source.labels) & (one.weight > 0) for one in others]).any(dim=0)
    guided = (pair | source.guided & (share > 0)) & ~(shared & pair) & (source.weight > 0) & located
    return Source(source.labels, share * source.weight, mask * source.mask, guided)


def _mean(mask: Tensor) -> Tensor:
    return mask.flatten(1).mean(dim=1)
