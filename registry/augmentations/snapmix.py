"""SnapMix: a rectangle of another image, shrunk or enlarged, with labels by what it shows of the class."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..base import UserError, functional, torch
from ..contracts import Augmentation, Batch, on_device
from ..models import ScoreMapNetwork
from ..params import Params, tunable
from .mixing import beta_sample, chosen, image_sides, mix, partners, rectangle
from .salient import evaluating

if TYPE_CHECKING:
    from torch import Generator, Tensor


class SnapMixParams(Params):
    prob: float = tunable(1.0, low=0.0, high=1.0, ge=0, le=1, description="share of the batches that are mixed")
    beta: float = tunable(
        5.0, low=0.5, high=10.0, log=True, gt=0, description="both parameters of the Beta distribution of the ratios"
    )


class SnapMix(Augmentation):
    """Fill a rectangle of an image with another rectangle of its partner; labels by the share of their activation maps.

    Both rectangles have sides of sqrt(1 - λ) of the image's, each with its own λ ~ Beta(beta, beta) and place, one pair
    for the whole batch; they are clipped at the border, and the second is resized bilinearly to the first. The class
    activation map of a label, resized to the image and moved to the minimum 0 and the sum 1, says what a region is
    worth: ρ₁ = 1 - the sum over the rectangle that was filled, ρ₂ = the partner's sum over the rectangle that fills it.
    The provenance is the rectangle; masks that the partner brings along are resized with it,
    by the nearest pixels.

    Where this differs from the paper: ρ₁ and ρ₂ need not sum to 1 there. The labels' weights are ρ₁ and ρ₂ divided by
    their sum, since each sample counts for one in the classification loss. Where both are 0, labels go by area.

    Raises `UserError` for a network that makes no class activation maps.

    Source: Huang et al., "SnapMix: Semantically Proportional Mixing for Augmenting Fine-grained Data" (AAAI 2021),
    the sections on mixing and on label generation; its settings for fine-grained sets are beta 5 and every batch.
    """

    Params = SnapMixParams
    params: SnapMixParams

    def __call__(self, batch: Batch, generator: Generator, model: Callable[[Tensor], Tensor]) -> Batch:
        sides = image_sides(batch, self.name)
        if not isinstance(model, ScoreMapNetwork):
            raise UserError(
                f"{self.name}: needs a network that makes class activation maps, such as resnet50 or vgg16-cam "
                f"(got {type(model).__name__})"
            )
        if not chosen(self.params.prob, generator):
            return batch
        partner = on_device(partners(len(batch), generator), batch.inputs)
        filled, taken = (
            rectangle(*sides, (1 - beta_sample(self.params.beta, generator)) ** 0.5, generator) for _ in range(2)
        )
        if not filled.any() or not taken.any():
            return batch
        place, origin = extent(filled), extent(taken)
        filled, taken = (on_device(one, batch.inputs) for one in (filled, taken))

        (source,) = batch.sources
        mask = (1 - filled).expand(len(batch), 1, *sides)
        inputs = pasted(batch.inputs, batch.inputs[partner], place, origin, mode="bilinear", align_corners=False)
        moved = pasted(source.mask, source.mask[partner], place, origin)
        share = own_share(worth(batch, model, sides), partner, filled, taken)
        return mix(batch, partner, mask, inputs, second=moved, share=share)


def worth(batch: Batch, model: ScoreMapNetwork, sides: tuple[int, int]) -> Tensor:
    """(B, H, W): the activation map of each sample's label, ≥ 0 with the sum 1; 0 everywhere if it is constant."""
    with torch.no_grad(), evaluating(model):
        _, maps = model.logits_and_scoremaps(batch.inputs, batch.sources[0].labels)
    large = functional.interpolate(maps[:, None].float(), size=sides, mode="bilinear", align_corners=False).squeeze(1)
    above = large - large.amin(dim=(1, 2), keepdim=True)
    total = above.sum(dim=(1, 2), keepdim=True)
    return above / torch.where(total > 0, total, 1)


def own_share(values: Tensor, partner: Tensor, filled: Tensor, taken: Tensor) -> Tensor:
    """(B,): ρ₁ / (ρ₁ + ρ₂), or the share of the area that is left where both are 0.

    values: (B, H, W), as of `worth`. filled, taken: (H, W), 1 in the rectangle that was filled, or that fills it.
    """
    own = (1 - (values * filled).sum(dim=(1, 2))).clamp(0, 1)
    other = (values * taken).sum(dim=(1, 2))[partner].clamp(0, 1)
    both = own + other
    return torch.where(both > 0, own / torch.where(both > 0, both, 1), 1 - filled.mean())


Place = tuple[slice, slice]
"""Rows and columns of an image."""


def pasted(images: Tensor, others: Tensor, place: Place, origin: Place, **how: Any) -> Tensor:
    """(B, C, H, W): images that show at `place` what the others have at `origin`, resized.

    how: of `interpolate`; by default the nearest pixels are taken.
    """
    result = images.clone()
    there = result[(..., *place)]
    there.copy_(functional.interpolate(others[(..., *origin)], size=there.shape[2:], **how))
    return result


def extent(inside: Tensor) -> Place:
    """Returns the rows and columns that a rectangle of ones takes up in (H, W)."""
    rows, columns = (inside.any(dim=axis).nonzero().flatten().tolist() for axis in (1, 0))
    return slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
