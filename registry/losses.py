"""The classification loss of a batch, whole or in two parts: what is real and what a synthesizer made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .base import functional

if TYPE_CHECKING:
    from torch import Tensor

    from .contracts import Source


def classification_loss(
    logits: Tensor,
    sources: Sequence[Source],
    class_weight: Tensor | None = None,
    label_smoothing: float = 0.0,
    rows: Tensor | None = None,
) -> Tensor:
    """Σₖ weightₖ · CE(logits, labelsₖ), averaged over the batch. Scalar.

    logits: (B, K). class_weight: (K,) or None; with it the average is the weighted one of
    `torch.nn.functional.cross_entropy`. label_smoothing: as there, in [0, 1]. rows: (B,) bool, the samples that count;
    of none the loss is 0.
    """
    total, norm = summed_loss(logits, sources, class_weight, label_smoothing, rows)
    return total / norm if rows is None else total / norm.clamp(min=1e-12)


def summed_loss(
    logits: Tensor,
    sources: Sequence[Source],
    class_weight: Tensor | None = None,
    label_smoothing: float = 0.0,
    rows: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """Returns the sum of the losses of all samples, and the sum of the weights that its mean is over. Two scalars."""
    total = logits.new_zeros(())
    norm = logits.new_zeros(())
    for source in sources:
        loss = functional.cross_entropy(
            logits, source.labels, weight=class_weight, reduction="none", label_smoothing=label_smoothing
        )
        weight = source.weight if rows is None else source.weight * rows
        share = weight if class_weight is None else weight * class_weight[source.labels]
        total = total + (weight * loss).sum()
        norm = norm + share.sum()
    return total, norm
