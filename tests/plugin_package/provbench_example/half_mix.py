"""HalfMix: the left of one image beside the right of another."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from provbench.registry import Augmentation, Batch, Params, tunable
from provbench.registry.augmentations.mixing import mix, partners
from provbench.registry.base.lazy import torch

if TYPE_CHECKING:
    from torch import Generator, Tensor


class HalfMixParams(Params):
    share: float = tunable(0.5, low=0.1, high=0.9, gt=0, lt=1, description="of the width that the left image keeps")


class HalfMix(Augmentation):
    """The left of each image, beside the right of another."""

    version = "2"
    Params = HalfMixParams
    params: HalfMixParams

    def __call__(self, batch: Batch, generator: Generator, model: Callable[[Tensor], Tensor]) -> Batch:
        partner = partners(len(batch), generator)
        (source,) = batch.sources
        mask = torch.zeros_like(source.mask)
        mask[..., : round(self.params.share * mask.shape[-1])] = 1
        return mix(batch, partner, mask, torch.where(mask > 0, batch.inputs, batch.inputs[partner]))
