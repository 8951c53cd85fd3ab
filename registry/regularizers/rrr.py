"""Right for the right reasons: the prediction must not depend on what is marked as irrelevant."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..base import functional, torch
from ..contracts import Batch, Regularizer, Source, in_fp32, input_gradient, require_gradient
from ..params import Params, tunable

if TYPE_CHECKING:
    from torch import Generator, Tensor


class RightForTheRightReasonsParams(Params):
    strength: float = tunable(
        0.01,
        low=1e-6,
        high=1.0,
        log=True,
        ge=0,
        description="weight of the penalty, λ₁; the more classes, the smaller",
    )


class RightForTheRightReasons(Regularizer):
    """Penalise the input gradient of all log-probabilities together, outside the provenance mask of the target.

    strength · mean over guided samples of Σₖ weightₖ · ‖(1 - maskₖ) ⊙ ∂(Σ_c log p_c)/∂input‖². With one source this is
    the paper's second term, its annotation of irrelevant inputs being 1 - mask; the sum over several sources, by their
    labels' weights, is this project's extension to mixed samples.

    The reference implementation sums over a batch (in one version, half the sum) and takes λ₁ = 1000 for its three to
    ten classes; the mean here keeps the batch size out of λ₁. The paper wants the two terms to be of about one size:
    the penalty is up to K² times as large as gradient guidance's for K classes, since each log-probability holds every
    logit, and so its default is small and its search range wide.

    Source: Ross et al., "Right for the Right Reasons" (IJCAI 2017), equation 1; reference implementation dtak/rrr.
    """

    Params = RightForTheRightReasonsParams
    params: RightForTheRightReasonsParams

    def active(self, batch: Batch) -> bool:
        return bool(batch.guided.any())

    def penalty(self, logits: Tensor, batch: Batch, generator: Generator) -> Tensor:
        loss = reasons_loss(logits, batch.inputs, batch.sources)
        return self.params.strength * (require_gradient(loss, self.name) if self.active(batch) else loss)


def reasons_loss(logits: Tensor, inputs: Tensor, sources: Sequence[Source]) -> Tensor:
    """Σₖ weightₖ · ‖(1 - maskₖ) ⊙ ∂(Σ_c log p_c)/∂input‖², averaged over the guided samples; 0 if there are none.

    logits: (B, K), computed from `inputs`. inputs: (B, C, *spatial), requiring a gradient. sources: one per label in
    play; a source counts for the samples that it guides. Returns a scalar with a graph.
    Raises `ValueError` if the logits were not computed from `inputs`, or without a graph.
    """
    guided = torch.stack([source.guided for source in sources]).any(dim=0)
    if not bool(guided.any()):
        return logits.new_zeros((), dtype=torch.float32)
    log_probabilities = functional.log_softmax(in_fp32(logits), dim=1)
    energy = input_gradient(log_probabilities[guided].sum(), inputs).square()
    per_sample = energy.new_zeros(len(inputs))
    for source in sources:
        outside = ((1 - source.mask.float()).square() * energy).flatten(1).sum(dim=1)
        per_sample = per_sample + torch.where(source.guided, source.weight * outside, 0)
    return per_sample.sum() / guided.sum()
