"""CutMix or Mixup, whichever is drawn, on a share of the batches."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from pydantic import Field

from ..base import torch
from ..contracts import Augmentation, Batch
from ..params import Params, tunable
from .cutmix import cut
from .mixing import chosen
from .mixup import blend
from .parts import Within, in_halves, within

if TYPE_CHECKING:
    from torch import Generator, Tensor


class CutMixOrMixupParams(Params):
    prob: float = tunable(0.2, low=0.0, high=1.0, ge=0, le=1, description="share of the batches that are mixed")
    cutmix_alpha: float = Field(1.0, gt=0, description="both parameters of CutMix's Beta distribution")
    mixup_alpha: float = Field(1.0, gt=0, description="both parameters of Mixup's Beta distribution")
    within: Within = within("parts")


class CutMixOrMixup(Augmentation):
    """Mix a share of the batches, half of those by CutMix and half by Mixup.

    By default real samples are mixed with real ones and synthetic ones with synthetic ones, and each of the two parts
    draws for itself how; whether a batch is mixed is drawn once. Where Mixup was drawn, nothing is guided.

    Source: the classifier training of Kim et al., "DataDream" (ECCV 2024), and of Yang et al., "Beyond Objects" (CVPR
    2026), where a fifth of the batches is mixed; with prob 1 and mixup_alpha 0.8 that of its masked autoencoder.
    """

    mixes_mixes = True
    Params = CutMixOrMixupParams
    params: CutMixOrMixupParams

    def __call__(self, batch: Batch, generator: Generator, model: Callable[[Tensor], Tensor]) -> Batch:
        if not chosen(self.params.prob, generator):
            return batch

        def mixed(part: Batch) -> Batch:
            if torch.rand((), generator=generator) < 0.5:
                return cut(part, generator, self.params.cutmix_alpha)
            return blend(part, generator, self.params.mixup_alpha)

        return in_halves(batch, mixed) if self.params.within == "parts" else mixed(batch)
