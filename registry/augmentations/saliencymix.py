"""SaliencyMix: the most conspicuous rectangle of another image of the batch, pasted in place."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from pydantic import Field

from ..base import torch
from ..contracts import Augmentation, Batch, on_device
from ..params import Params, tunable
from .mixing import beta_sample, chosen, image_sides, mix, partners
from .salient import fine_grained

if TYPE_CHECKING:
    from torch import Generator, Tensor


class SaliencyMixParams(Params):
    prob: float = tunable(1.0, low=0.0, high=1.0, ge=0, le=1, description="share of the batches that are mixed")
    beta: float = Field(1.0, gt=0, description="both parameters of the Beta distribution of the mixing ratio")


class SaliencyMix(Augmentation):
    """Paste the rectangle around the other image's most salient pixel at its own place; labels by area.

    The rectangle's sides are sqrt(1 - λ) of the image's, λ ~ Beta(beta, beta), one for the batch; its centre is the
    peak of the partner's fine-grained saliency (`salient.fine_grained`), and it is clipped at the border. The weight of
    the first label is the share of its pixels that are left.

    Where this differs from the reference implementation: each pair has the rectangle of its own partner, as the paper
    says, where the reference takes that of one image for the whole batch.

    Source: Uddin et al., "SaliencyMix: A Saliency Guided Data Augmentation Strategy for Better Regularization" (ICLR
    2021), the section on its method; reference implementation afm-shahab-uddin/SaliencyMix.
    """

    Params = SaliencyMixParams
    params: SaliencyMixParams

    def __call__(self, batch: Batch, generator: Generator, model: Callable[[Tensor], Tensor]) -> Batch:
        sides = image_sides(batch, self.name)
        if not chosen(self.params.prob, generator):
            return batch
        partner = on_device(partners(len(batch), generator), batch.inputs)
        ratio = beta_sample(self.params.beta, generator)
        peaks = fine_grained(batch.inputs).flatten(1).argmax(dim=1)[partner]
        mask = 1 - around(peaks, sides, (1 - ratio) ** 0.5)
        return mix(batch, partner, mask, torch.where(mask > 0, batch.inputs, batch.inputs[partner]))


def around(peaks: Tensor, sides: tuple[int, int], scale: float) -> Tensor:
    """(B, 1, H, W): 1 in rectangles of `scale` times the image's sides, centred at `peaks` and clipped; else 0.

    peaks: (B,) int64, numbers of pixels in row-major order.
    """
    inside = []
    for centre, side in zip((peaks // sides[1], peaks % sides[1]), sides, strict=True):
        cut, places = int(side * scale), torch.arange(side, device=peaks.device)
        first, last = (centre - cut // 2)[:, None], (centre + cut // 2)[:, None]
        inside.append((places >= first) & (places < last))
    return (inside[0][:, :, None] & inside[1][:, None, :])[:, None].float()
