"""CutMix: a rectangle of another image of the batch, pasted in place."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from pydantic import Field

from ..base import torch
from ..contracts import Augmentation, Batch, on_device
from ..params import Params, tunable
from .mixing import beta_sample, chosen, image_sides, mix, partners, rectangle
from .parts import Within, in_halves, within

if TYPE_CHECKING:
    from torch import Generator, Tensor


class CutMixParams(Params):
    prob: float = tunable(1.0, low=0.0, high=1.0, ge=0, le=1, description="share of the batches that are mixed")
    beta: float = Field(1.0, gt=0, description="both parameters of the Beta distribution of the mixing ratio")
    within: Within = within()


class CutMix(Augmentation):
    """Paste a rectangle of another image of the batch; labels by area.

    The rectangle's sides are sqrt(1 - λ) of the image's, λ ~ Beta(beta, beta), its centre is uniform, and it is clipped
    at the border; one rectangle serves the whole batch, as in the reference implementation. The weight of the first
    label is then the share of its pixels that are left.

    Source: Yun et al., "CutMix" (ICCV 2019), algorithm 1; reference implementation clovaai/CutMix-PyTorch.
    """

    mixes_mixes = True
    Params = CutMixParams
    params: CutMixParams

    def __call__(self, batch: Batch, generator: Generator, model: Callable[[Tensor], Tensor]) -> Batch:
        image_sides(batch, self.name)
        if not chosen(self.params.prob, generator):
            return batch
        mixed = partial(cut, generator=generator, beta=self.params.beta)
        return in_halves(batch, mixed) if self.params.within == "parts" else mixed(batch)


def cut(batch: Batch, generator: Generator, beta: float) -> Batch:
    """Returns the batch with a rectangle of a partner pasted into each of its images."""
    height, width = image_sides(batch, "cutmix")
    partner = on_device(partners(len(batch), generator), batch.inputs)
    ratio = beta_sample(beta, generator)
    pasted = on_device(rectangle(height, width, (1 - ratio) ** 0.5, generator), batch.inputs)
    mask = (1 - pasted).expand(len(batch), 1, height, width)
    return mix(batch, partner, mask, torch.where(mask > 0, batch.inputs, batch.inputs[partner]))
