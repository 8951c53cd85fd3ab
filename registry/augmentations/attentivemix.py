"""AttentiveMix: the patches of another image that its network attends to most, pasted in place."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Self

from pydantic import Field, model_validator

from ..base import functional, torch
from ..contracts import Augmentation, Batch, on_device
from ..params import Params, tunable
from .mixing import chosen, image_sides, mix, partners
from .salient import attention

if TYPE_CHECKING:
    from torch import Generator, Tensor


class AttentiveMixParams(Params):
    prob: float = tunable(1.0, low=0.0, high=1.0, ge=0, le=1, description="share of the batches that are mixed")
    grid: int = Field(7, ge=2, description="patches a side of an image")
    patches: int = tunable(6, low=1, high=12, integer=True, ge=1, description="patches that are pasted, N")

    @model_validator(mode="after")
    def _leaves_something(self) -> Self:
        if self.patches >= self.grid**2:
            raise ValueError(f"patches {self.patches} must be below grid², {self.grid**2}")
        return self


class AttentiveMix(Augmentation):
    """Paste the N patches of the other image with the highest attention at their own places; labels by area.

    Attention is the sum over the channels of the network's last features, brought to the grid bilinearly; for a network
    that shows no features, the classification loss's input gradient. The mask has `grid` x `grid` patches and is
    enlarged to the image by the nearest, so that the weight of the second label is N / grid² where the grid divides the
    image, and the share of its pixels in any case.

    Where this differs from the paper: the network that attends is the one that is trained, in evaluation mode, and not
    a pretrained one beside it. From pretrained weights the two begin alike.

    Source: Walawalkar et al., "Attentive CutMix: An Enhanced Data Augmentation Approach for Deep Learning Based Image
    Classification" (ICASSP 2020), the section on its method, where N is 6 of 7 x 7 patches.
    """

    Params = AttentiveMixParams
    params: AttentiveMixParams

    def __call__(self, batch: Batch, generator: Generator, model: Callable[[Tensor], Tensor]) -> Batch:
        sides = image_sides(batch, self.name)
        if not chosen(self.params.prob, generator):
            return batch
        partner = on_device(partners(len(batch), generator), batch.inputs)
        pasted = self.attended(attention(batch, model))
        mask = functional.interpolate(1 - pasted, size=sides)[partner]
        return mix(batch, partner, mask, torch.where(mask > 0, batch.inputs, batch.inputs[partner]))

    def attended(self, maps: Tensor) -> Tensor:
        """(B, 1, grid, grid): 1 in the N patches with the highest values of maps (B, h, w), else 0."""
        grid = self.params.grid
        coarse = functional.interpolate(maps[:, None], size=(grid, grid), mode="bilinear", align_corners=False)
        highest = coarse.flatten(1).topk(self.params.patches, dim=1).indices
        return torch.zeros_like(coarse).flatten(1).scatter(1, highest, 1.0).view_as(coarse)
