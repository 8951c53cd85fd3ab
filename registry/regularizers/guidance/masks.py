"""The masks within which the gradient is penalised: provenance masks, and the paper's controls made from them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from ...base import functional, torch
from ...contracts import on_device

if TYPE_CHECKING:
    from torch import Generator, Tensor

MaskKind = Literal["provenance", "random", "everything"]


def control_masks(
    masks: Sequence[Tensor], kind: MaskKind, scale: float, generator: Generator | None = None
) -> list[Tensor]:
    """The masks to guide with, one a source and each (B, 1, *spatial), made from the provenance masks.

    The random masks of a sample are its own masks in one random order, so that complementary masks stay complementary.
    """
    if kind == "everything":
        return [torch.zeros_like(mask) for mask in masks]
    if scale != 1.0:
        masks = [rescale_area(mask, scale) for mask in masks]
    if kind == "random":
        shape = masks[0].flatten(1).shape
        order = on_device(torch.rand(shape, generator=generator).argsort(dim=1), masks[0])
        masks = [mask.flatten(1).gather(1, order).view_as(mask) for mask in masks]
    return list(masks)


def rescale_area(mask: Tensor, scale: float) -> Tensor:
    """Dilate (scale > 1) or erode (scale < 1) image masks (B, 1, H, W), pixel by pixel, to about `scale` × their area.

    Stops at the first step that reaches the wanted area, or changes nothing. Dilation is a 3 x 3 maximum.
    """
    if mask.ndim != 4:
        raise ValueError(f"mask_scale needs image masks (B, 1, H, W), got {tuple(mask.shape)}")
    grow = scale > 1
    wanted = mask.flatten(1).sum(dim=1) * scale
    for _ in range(max(mask.shape[-2:])):
        area = mask.flatten(1).sum(dim=1)
        unfinished = area < wanted if grow else area > wanted
        grown = functional.max_pool2d(mask, 3, 1, 1) if grow else -functional.max_pool2d(-mask, 3, 1, 1)
        stepped = torch.where(unfinished.view(-1, 1, 1, 1), grown, mask)
        if torch.equal(stepped, mask):
            break
        mask = stepped
    return mask
