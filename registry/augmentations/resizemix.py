"""ResizeMix: another image of the batch, shrunk whole and pasted."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Self

from pydantic import Field, model_validator

from ..base import functional, torch
from ..contracts import Augmentation, Batch, on_device
from ..params import Params, tunable
from .mixing import chosen, image_sides, mix, partners

if TYPE_CHECKING:
    from torch import Generator, Tensor


class ResizeMixParams(Params):
    prob: float = tunable(1.0, low=0.0, high=1.0, ge=0, le=1, description="share of the batches that are mixed")
    scale_low: float = Field(0.1, gt=0, le=1, description="smallest side of the pasted image, in sides of the image")
    scale_high: float = tunable(
        0.8, low=0.3, high=0.9, gt=0, le=1, description="largest side of the pasted image, in sides of the image"
    )

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.scale_low > self.scale_high:
            raise ValueError(f"scale_low {self.scale_low} is above scale_high {self.scale_high}")
        return self


class ResizeMix(Augmentation):
    """Paste another image of the batch, shrunk whole, so that its target is never cut off; labels by area.

    The scale is uniform in [scale_low, scale_high], one for the whole batch; each sample has its own place, a uniform
    centre moved so that the pasted image lies inside. Shrinking takes the nearest pixels, so that every pixel of the
    mix is one pixel of one source; which ones follows from the scale itself, as in the reference implementation, and
    not from the rounded sizes. A mask that the partner brings along is shrunk with it.

    Source: Qin et al., "ResizeMix: Mixing Data with Preserved Object Information and True Labels" (2020), section 3;
    reference implementation JayQine/ResizeMix.
    """

    Params = ResizeMixParams
    params: ResizeMixParams
    version = "2"

    def __call__(self, batch: Batch, generator: Generator, model: Callable[[Tensor], Tensor]) -> Batch:
        sides = image_sides(batch, self.name)
        if not chosen(self.params.prob, generator):
            return batch
        partner = on_device(partners(len(batch), generator), batch.inputs)
        low, high = self.params.scale_low, self.params.scale_high
        scale = low + (high - low) * float(torch.rand((), generator=generator))
        small_sides = [max(int(side * scale), 1) for side in sides]
        tops, lefts = (
            _starts(side, small, len(batch), generator) for side, small in zip(sides, small_sides, strict=True)
        )

        (source,) = batch.sources
        small_inputs, small_masks = (
            _shrunk(images, scale, small_sides)[partner] for images in (batch.inputs, source.mask)
        )
        inputs, mask, moved = batch.inputs.clone(), torch.ones_like(source.mask), torch.zeros_like(source.mask)
        for i, (top, left) in enumerate(zip(tops, lefts, strict=True)):
            place = (i, ..., slice(top, top + small_sides[0]), slice(left, left + small_sides[1]))
            inputs[place] = small_inputs[i]
            mask[place] = 0
            moved[place] = small_masks[i]
        return mix(batch, partner, mask, inputs, second=moved)


def _shrunk(images: Tensor, scale: float, small_sides: list[int]) -> Tensor:
    """The nearest pixels at multiples of 1 / scale; of images too small for that, by their smaller sides."""
    if all(int(side * scale) for side in images.shape[2:]):
        return functional.interpolate(images, scale_factor=scale)
    return functional.interpolate(images, size=small_sides)


def _starts(side: int, small: int, count: int, generator: Generator) -> list[int]:
    """Returns where `count` pieces of length `small` start: centred anywhere on [0, side), then moved inside."""
    centre = torch.randint(side, (count,), generator=generator)
    return (centre - small // 2).clamp(0, side - small).tolist()
