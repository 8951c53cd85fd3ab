"""CutMix: a rectangle of another image of the batch, pasted in place."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from pydantic import Field

from ..base import torch
from ..contracts import Augmentation, Batch, on_device
from ..params import Params, tunable
from .mixing import beta_sample, chosen, image_sides, mix, partners, rectangle

if TYPE_CHECKING:
    from torch import Generator, Tensor


class CutMixParams(Params):
    prob: float = tunable(1.0, low=0.0, high=1.0, ge=0, le=1, description="share of the batches that are mixed")
    beta: float = Field(1.0, gt=0, description="both parameters of the Beta distribution of the mixing ratio")


class CutMix(Augmentation):
    """Paste a rectangle of another image of the batch; labels by area.

    The rectangle's sides are sqrt(1 - λ) of the image's, λ ~ Beta(beta, beta), its centre is uniform, and it is clipped
    at the border; one rectangle serves the whole batch, as in the reference implementation. The weight of the first
    label is then the share of its pixels that are left.

    Source: Yun et al., "CutMix" (ICCV 2019), algorithm 1; reference implementation clovaai/CutMix-PyTorch.
    """

    Params = CutMixParams
    params: CutMixParams

    def __call__(self, batch: Batch, generator: Generator, model: Callable[[Tensor], Tensor]) -> Batch:
        height, width = image_sides(batch, self.name)
        if not chosen(self.params.prob, generator):
            return batch
        partner = on_device(partners(len(batch), generator), batch.inputs)
        ratio = beta_sample(self.params.beta, generator)
        pasted = on_device(rectangle(height, width, (1 - ratio) ** 0.5, generator), batch.inputs)
        mask = (1 - pasted).expand(len(batch), 1, height, width)
        return mix(batch, partner, mask, torch.where(mask > 0, batch.inputs, batch.inputs[partner]))
