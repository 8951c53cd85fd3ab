"""FMix: two images mixed by a mask of few large shapes, made from low frequencies."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from pydantic import Field

from ..base import torch
from ..contracts import Augmentation, Batch, on_device
from ..params import Params, tunable
from .mixing import beta_sample, chosen, image_sides, mix, partners

if TYPE_CHECKING:
    from torch import Generator, Tensor


class FMixParams(Params):
    prob: float = tunable(1.0, low=0.0, high=1.0, ge=0, le=1, description="share of the batches that are mixed")
    alpha: float = Field(1.0, gt=0, description="both parameters of the Beta distribution of the mixing ratio λ")
    decay: float = tunable(3.0, low=1.0, high=5.0, gt=0, description="power by which frequencies are damped, δ")


class FMix(Augmentation):
    """Show the other image where a random low-frequency map is not among its highest values; labels by area.

    The map is the inverse Fourier transform of normal noise whose amplitudes fall with the frequency to the power δ;
    its λ · H · W highest values are the mask, λ ~ Beta(alpha, alpha). One mask serves the whole batch, as in the
    reference implementation. The weight of the first label is the mask's share.

    Source: Harris et al., "FMix: Enhancing Mixed Sample Data Augmentation" (2020), the section on FMix; reference
    implementation ecs-vlc/FMix.
    """

    Params = FMixParams
    params: FMixParams

    def __call__(self, batch: Batch, generator: Generator, model: Callable[[Tensor], Tensor]) -> Batch:
        height, width = image_sides(batch, self.name)
        if not chosen(self.params.prob, generator):
            return batch
        partner = on_device(partners(len(batch), generator), batch.inputs)
        ratio = beta_sample(self.params.alpha, generator)
        shown = highest(low_frequencies(height, width, self.params.decay, generator), ratio)
        mask = on_device(shown, batch.inputs).expand(len(batch), 1, height, width)
        return mix(batch, partner, mask, torch.where(mask > 0, batch.inputs, batch.inputs[partner]))


def low_frequencies(height: int, width: int, decay: float, generator: Generator) -> Tensor:
    """(height, width) float64: noise whose amplitudes fall with the frequency to the power `decay`."""
    rows = torch.fft.fftfreq(height, dtype=torch.float64)[:, None]
    columns = torch.fft.rfftfreq(width, dtype=torch.float64)[None, :]
    frequency = (rows.square() + columns.square()).sqrt().clamp(min=1 / max(height, width))
    noise = torch.randn(2, *frequency.shape, dtype=torch.float64, generator=generator)
    return torch.fft.irfft2(torch.complex(*(noise / frequency**decay)), s=(height, width))


def highest(values: Tensor, share: float) -> Tensor:
    """(H, W) float32: 1 in that share of the places of (H, W) where the values are highest, else 0."""
    count = round(share * values.numel())
    shown = torch.zeros(values.numel())
    shown[values.flatten().argsort(descending=True)[:count]] = 1
    return shown.view(values.shape)
