"""The guidance loss: the energy of the input gradient outside the targets, averaged over the guided samples."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Literal

from ...base import torch
from ...contracts import Source
from . import estimators
from .blocks import Block
from .form import Form, Normalisation
from .masks import MaskKind
from .scalars import ScalarKind

if TYPE_CHECKING:
    from torch import Generator, Tensor

SecondOrder = Literal["exact", "random-source", "rademacher"]
Reduction = Literal["mean", "sum"]

SECOND_ORDER: dict[str, Callable[..., Tensor]] = {
    "exact": estimators.exact,
    "random-source": estimators.random_source,
    "rademacher": estimators.rademacher,
}


def guidance_loss(
    logits: Tensor,
    inputs: Tensor,
    sources: Sequence[Source],
    *,
    scalar: ScalarKind = "logit",
    blocks: Sequence[Block] = (1,),
    normalise: Normalisation = "none",
    reduction: Reduction = "mean",
    mask: MaskKind = "provenance",
    mask_scale: float = 1.0,
    channels: Sequence[int] | None = None,
    unit: Tensor | None = None,
    estimator: SecondOrder = "exact",
    generator: Generator | None = None,
    guiding: Sequence[bool] | None = None,
) -> Tensor:
    """Returns ‖Σₖ (1 - maskₖ) ⊙ ∂scalarₖ/∂input‖², averaged (or summed) over the guided samples; 0 if there are none.

    logits: (B, K), computed from `inputs`. inputs: (B, C, *spatial), requiring a gradient. sources: one per label in
    play; a source counts for the samples that it guides. With the defaults this is the provenance paper's loss, its
    scalar being the label's logit and the squared L2 norm the sum over all elements of an input.
    mask: `random` shuffles each mask's elements, `everything` penalises the whole gradient (the paper's controls).
    mask_scale: dilates or erodes the masks of images. scalar, blocks, normalise, channels, unit: see `Form`.
    estimator: see `estimators`. generator (CPU): of random masks, signs and draws; torch's global one by default.
    guiding: for each source whether it guides any sample, where the caller knows; to look waits for a GPU.

    The result is a scalar with a graph, so that it can be minimised. Samples must not interact in the model for the
    per-sample gradients to be exact; in training mode batch normalisation makes them interact a little.
    Raises `ValueError` if the logits were not computed from `inputs`, or without a graph, or if a source's labels, mask
    or `guided` do not fit `inputs`.
    """
    for source in sources:
        _check(source, inputs)
    guided = torch.stack([source.guided for source in sources])
    if guiding is None:
        guiding = guided.any(dim=1).tolist()
    if not any(guiding):
        return logits.new_zeros((), dtype=torch.float32)
    form = Form(scalar, tuple(blocks), normalise, mask, mask_scale, None if channels is None else tuple(channels), unit)
    in_play = [source for source, guides in zip(sources, guiding, strict=True) if guides]
    energy = SECOND_ORDER[estimator](logits, inputs, in_play, form, generator)
    return reduced(form.rescale(energy, logits), guided.any(dim=0), reduction)


def reduced(energy: Tensor, guided: Tensor, reduction: Reduction) -> Tensor:
    """Returns the sum of `energy` (B,), or its mean over the guided samples; guided: (B,) bool."""
    return energy.sum() if reduction == "sum" else energy.sum() / guided.sum()


def _check(source: Source, inputs: Tensor) -> None:
    """Raises `ValueError` naming the field that does not fit: masks of another shape would be broadcast to wrong
    numbers.
    """
    shapes = {"mask": (len(inputs), 1, *inputs.shape[2:])} | dict.fromkeys(("labels", "guided"), (len(inputs),))
    for field, expected in shapes.items():
        if (found := tuple(getattr(source, field).shape)) != expected:
            raise ValueError(f"Source.{field} must have the shape {expected} for these inputs (got {found})")
    if source.guided.dtype != torch.bool:
        raise ValueError(f"Source.guided must be bool (got {source.guided.dtype})")
