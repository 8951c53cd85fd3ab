"""Right for the right reasons: the prediction must not depend on what is marked as irrelevant."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from ..base import functional, torch
from ..contracts import Batch, Source, Step, in_fp32, input_gradient, require_gradient
from ..params import Params, added, tunable
from ..weights import Weight, factor
from .shifted_step import ExactOrShifted, require_smooth, shift_of, slope, valued

if TYPE_CHECKING:
    from torch import Generator, Tensor


class RightForTheRightReasonsParams(Params):
    strength: Weight = tunable(
        0.01,
        low=1e-6,
        high=1.0,
        log=True,
        description="weight of the penalty, λ₁; the more classes, the smaller",
    )
    estimator: Literal["exact", "shifted-step"] = added(
        "exact", description="how the penalty's gradient is computed, see the plugin's description"
    )
    step_size: float = added(
        1e-3, gt=0, le=1, description="estimator shifted-step: length of the shift, as a share of the inputs' own"
    )


class RightForTheRightReasons(ExactOrShifted):
    """Penalise the input gradient of all log-probabilities together, outside the provenance mask of the target.

    strength · mean over guided samples of Σₖ weightₖ · ‖(1 - maskₖ) ⊙ ∂(Σ_c log p_c)/∂input‖². With one source this is
    the paper's second term, its annotation of irrelevant inputs being 1 - mask; the sum over several sources, by their
    labels' weights, is this project's extension to mixed samples.

    The reference implementation sums over a batch (in one version, half the sum) and takes λ₁ = 1000 for its three to
    ten classes; the mean here keeps the batch size out of λ₁. The paper wants the two terms to be of about one size:
    the penalty is up to K² times as large as gradient guidance's for K classes, since each log-probability holds every
    logit, and so its default is small and its search range wide.

    Estimators, and what a step costs in plain steps: `exact` (2.0) differentiates twice. `shifted-step` (2.3) takes the
    difference of two first-order passes, so that networks with fused or compiled parts have it; for smooth networks
    only (no ReLU, no max pooling).

    Source: Ross et al., "Right for the Right Reasons" (IJCAI 2017), equation 1; reference implementation dtak/rrr.
    """

    Params = RightForTheRightReasonsParams
    params: RightForTheRightReasonsParams
    weight = "strength"

    def active(self, batch: Batch) -> bool:
        return batch.any_guided

    def term(self, step: Step) -> Tensor:
        if self.second_order:
            return super().term(step)
        require_smooth(step.logits, self.name)
        return factor(self.params.strength) * shifted_reasons(step, self.params.step_size)

    def penalty(self, logits: Tensor, batch: Batch, generator: Generator) -> Tensor:
        if not self.active(batch):
            return logits.new_zeros((), dtype=torch.float32)
        loss = reasons_loss(logits, batch.inputs, batch.sources)
        return factor(self.params.strength) * require_gradient(loss, self.name)


def reasons_loss(logits: Tensor, inputs: Tensor, sources: Sequence[Source]) -> Tensor:
    """Σₖ weightₖ · ‖(1 - maskₖ) ⊙ ∂(Σ_c log p_c)/∂input‖², averaged over the guided samples; 0 if there are none.

    logits: (B, K), computed from `inputs`. inputs: (B, C, *spatial), requiring a gradient. sources: one per label in
    play; a source counts for the samples that it guides. Returns a scalar with a graph.
    Raises `ValueError` if the logits were not computed from `inputs`, or without a graph.
    """
    guided = torch.stack([source.guided for source in sources]).any(dim=0)
    energy = input_gradient(_log_probabilities(logits, guided).sum(), inputs).square()
    per_sample = energy.new_zeros(len(inputs))
    for source in sources:
        outside = ((1 - source.mask.float()).square() * energy).flatten(1).sum(dim=1)
        per_sample = per_sample + torch.where(source.guided, source.weight * outside, 0)
    return averaged(per_sample, guided)


def shifted_reasons(step: Step, size: float) -> Tensor:
    """Returns `reasons_loss` of a step, with its gradient from the difference of two passes. size: as `shift_of` has
    it.
    """
    batch, guided = step.batch, step.batch.guided
    before = _log_probabilities(step.logits, guided)
    gradient = slope(before, batch.inputs)
    direction = _share_outside(batch.sources, gradient) * gradient
    energy = (direction * gradient).flatten(1).sum(dim=1)
    shifted, epsilon = shift_of(batch.inputs, direction, size)
    change = _log_probabilities(step.again(shifted), guided) - before
    rate = torch.where(epsilon > 0, change / torch.where(epsilon > 0, epsilon, 1), 0)
    return valued(averaged(2 * rate, guided), averaged(energy, guided))


def averaged(values: Tensor, guided: Tensor) -> Tensor:
    """Returns the mean of values (B,) over the guided samples; 0 if there are none."""
    return values.sum() / guided.sum().clamp(min=1)


def _log_probabilities(logits: Tensor, guided: Tensor) -> Tensor:
    """Returns Σ_c log p_c of each sample, (B,); 0 where it is not guided."""
    each = functional.log_softmax(in_fp32(logits), dim=1)
    return torch.where(guided[:, None], each, 0).sum(dim=1)


def _share_outside(sources: Sequence[Source], like: Tensor) -> Tensor:
    """Returns Σₖ weightₖ · (1 - maskₖ)², (B, 1, *spatial), over the sources that guide each sample."""
    column = [-1, *[1] * (like.ndim - 1)]
    shares = [
        torch.where(source.guided, source.weight, 0).view(column) * (1 - in_fp32(source.mask)).square()
        for source in sources
    ]
    return torch.stack(shares).sum(dim=0)
