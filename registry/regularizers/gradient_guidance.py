"""Provenance-based input gradient guidance: the class logit must not depend on what is not its target's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from ..contracts import Batch, Regularizer, Source, in_fp32, input_gradient, require_gradient
from ..lazy import functional, torch
from ..params import Params, tunable

if TYPE_CHECKING:
    from torch import Generator, Tensor

MaskKind = Literal["provenance", "random", "everything"]


class GradientGuidanceParams(Params):
    alpha: float = tunable(0.03, low=0.003, high=0.3, log=True, ge=0, description="weight of the penalty, α")
    reduction: Literal["mean", "sum"] = Field("mean", description="over the guided samples of a batch")
    mask: MaskKind = Field("provenance", description="random and everything are the paper's controls")
    mask_scale: float = Field(
        1.0, gt=0, description="dilate (> 1) or erode (< 1) the target masks to about so many times their area"
    )
    channels: tuple[int, ...] | None = Field(
        None, min_length=1, description="input channels whose gradient counts, as of a point's x and y; null: all"
    )


class GradientGuidance(Regularizer):
    """Penalise the class logit's input gradient outside the provenance mask of the class's target.

    Exact, by differentiating twice: α · mean over guided samples of ‖Σₖ (1 - maskₖ) ⊙ ∂logit[labelsₖ]/∂input‖². The
    inputs are those of the model, normalised; the same α in pixel units would weigh std² as much.

    Source: Nagano et al., "Learning from Synthetic Data via Provenance-Based Input Gradient Guidance" (CVPR 2026),
    equations of L_PG for soft and hard labels; no reference implementation is public.
    """

    Params = GradientGuidanceParams
    params: GradientGuidanceParams

    def active(self, batch: Batch) -> bool:
        return bool(batch.guided.any())

    def penalty(self, logits: Tensor, batch: Batch, generator: Generator) -> Tensor:
        loss = guidance_loss(
            logits,
            batch.inputs,
            batch.sources,
            reduction=self.params.reduction,
            mask=self.params.mask,
            mask_scale=self.params.mask_scale,
            channels=self.params.channels,
            generator=generator,
        )
        return self.params.alpha * (require_gradient(loss, self.name) if self.active(batch) else loss)


def guidance_loss(
    logits: Tensor,
    inputs: Tensor,
    sources: Sequence[Source],
    *,
    reduction: Literal["mean", "sum"] = "mean",
    mask: MaskKind = "provenance",
    mask_scale: float = 1.0,
    channels: Sequence[int] | None = None,
    generator: Generator | None = None,
) -> Tensor:
    """‖Σₖ (1 - maskₖ) ⊙ ∂logit[labelsₖ]/∂input‖², averaged (or summed) over the guided samples; 0 if there are none.

    logits: (B, K), computed from `inputs`. inputs: (B, C, *spatial), requiring a gradient. sources: one per label in
    play; a source counts for the samples that it guides. The squared L2 norm sums over all elements of an input.
    mask: `random` shuffles each mask's elements, `everything` penalises the whole gradient (the paper's controls).
    mask_scale: dilates or erodes the masks of images. channels: of the inputs, whose gradient counts; all by default.
    generator: of the random masks; torch's global one by default.

    Returns a scalar with a graph, so that it can be minimised. Samples must not interact in the model for the
    per-sample gradients to be exact; in training mode batch normalisation makes them interact a little.
    Raises `ValueError` if the logits were not computed from `inputs`, or without a graph.
    """
    guided = torch.stack([source.guided for source in sources]).any(dim=0)
    if not bool(guided.any()):
        return logits.new_zeros((), dtype=torch.float32)
    residual = torch.zeros_like(inputs, dtype=torch.float32)
    masks = control_masks([in_fp32(source.mask) for source in sources], mask, mask_scale, generator)
    for source, target in zip(sources, masks, strict=True):
        if not bool(source.guided.any()):
            continue
        own = logits.gather(1, source.labels[:, None]).squeeze(1)
        gradient = input_gradient(own[source.guided].sum(), inputs)
        outside = (1 - target) * source.guided.view(-1, *[1] * (target.ndim - 1))
        residual = residual + outside * gradient
    if channels is not None:
        residual = residual[:, list(channels)]
    norms = residual.square().flatten(1).sum(dim=1)
    return norms.sum() if reduction == "sum" else norms.sum() / guided.sum()


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
        order = torch.rand(shape, generator=generator).argsort(dim=1).to(masks[0].device)
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
