"""Mixup: two whole images of the batch, blended."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from ..contracts import Augmentation, Batch, on_device
from ..params import Params, tunable
from .mixing import beta_sample, chosen, mix, partners
from .parts import Within, in_halves, within

if TYPE_CHECKING:
    from torch import Generator, Tensor


class MixupParams(Params):
    prob: float = tunable(1.0, low=0.0, high=1.0, ge=0, le=1, description="share of the batches that are mixed")
    alpha: float = tunable(
        1.0,
        low=0.1,
        high=2.0,
        log=True,
        gt=0,
        description="both parameters of the Beta distribution of the mixing ratio; the paper: 1 on CIFAR, 0.1 to 0.4 "
        "on ImageNet",
    )

    within: Within = within()


class Mixup(Augmentation):
    """Blend each sample with another of the batch, λ to 1 - λ, λ ~ Beta(alpha, alpha); their labels likewise.

    Every element comes from both samples, so there is no region to guide by: the masks are λ and 1 - λ everywhere, and
    nothing is guided, even where the samples brought masks along. One λ serves the whole batch, as in the reference
    implementation. Works on inputs of any shape.

    Source: Zhang et al., "mixup: Beyond Empirical Risk Minimization" (ICLR 2018), equation 2; reference implementation
    facebookresearch/mixup-cifar10.
    """

    mixes_mixes = True
    Params = MixupParams
    params: MixupParams

    def __call__(self, batch: Batch, generator: Generator, model: Callable[[Tensor], Tensor]) -> Batch:
        if not chosen(self.params.prob, generator):
            return batch
        mixed = partial(blend, generator=generator, alpha=self.params.alpha)
        return in_halves(batch, mixed) if self.params.within == "parts" else mixed(batch)


def blend(batch: Batch, generator: Generator, alpha: float) -> Batch:
    """Returns the batch with each sample blended with a partner."""
    partner = on_device(partners(len(batch), generator), batch.inputs)
    ratio = beta_sample(alpha, generator)
    source = batch.sources[0]
    blended = ratio * batch.inputs + (1 - ratio) * batch.inputs[partner]
    return mix(batch, partner, source.mask.new_full(source.mask.shape, ratio), blended, located=False)
