"""Double backpropagation: the loss must not change fast with the input, anywhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from pydantic import model_validator

from ..base import UserError
from ..contracts import Batch, Source, Step, in_fp32, input_gradient, require_gradient
from ..losses import classification_loss
from ..params import Params, added, tunable
from ..weights import GradientShare, Weight, factor
from .shifted_step import ExactOrShifted, require_smooth, slope, valued

if TYPE_CHECKING:
    from torch import Generator, Tensor


class DoubleBackpropParams(Params):
    strength: Weight = tunable(
        1.0, low=1e-3, high=1e3, log=True, description="weight of the penalty, λ, for normalised inputs"
    )
    estimator: Literal["exact", "shifted-step"] = added(
        "exact", description="how the penalty's gradient is computed, see the plugin's description"
    )

    @model_validator(mode="after")
    def _shifts_need_a_number(self) -> DoubleBackpropParams:
        if self.estimator == "shifted-step" and isinstance(self.strength, GradientShare):
            raise ValueError("estimator shifted-step needs a number for strength, which is the length of its shifts")
        return self


class DoubleBackprop(ExactOrShifted):
    """Penalise the input gradient of the classification loss, whatever the provenance: a baseline for guidance.

    strength · mean over the batch of ‖∂CE/∂input‖², CE the sample's own loss with its soft labels, without class
    weights. The same λ in pixel units would weigh std² as much.

    Estimators, and what a step costs in plain steps: `exact` (2.0) differentiates twice. `shifted-step` (1.7) takes the
    training step at the inputs x + 2 strength · ∂CE/∂x instead of x, whose parameter gradient is that of loss and
    penalty together up to terms in strength²; for smooth networks only (no ReLU, no max pooling), without class
    weights, label smoothing and `real_weight`, and with a strength whose shifts stay small.

    Source: Drucker & LeCun, "Double Backpropagation: Increasing Generalization Performance" (IJCNN 1991); for deep
    nets Ross & Doshi-Velez, "Improving the Adversarial Robustness and Interpretability of Deep Neural Networks by
    Regularizing their Input Gradients" (AAAI 2018).
    """

    Params = DoubleBackpropParams
    params: DoubleBackpropParams
    weight = "strength"

    replaces_loss = ExactOrShifted.first_order  # pyright: ignore[reportAssignmentType]

    def term(self, step: Step) -> Tensor:
        if self.second_order:
            return super().term(step)
        if not step.plain_loss:
            raise UserError(
                f"{self.name}: estimator shifted-step has no class weights, label smoothing or real_weight: take "
                "estimator: exact"
            )
        require_smooth(step.logits, self.name)
        return shifted_loss(step, factor(self.params.strength))

    def penalty(self, logits: Tensor, batch: Batch, generator: Generator) -> Tensor:
        loss = gradient_energy(logits, batch.inputs, batch.sources)
        return factor(self.params.strength) * require_gradient(loss, self.name)


def gradient_energy(logits: Tensor, inputs: Tensor, sources: Sequence[Source]) -> Tensor:
    """‖∂(Σₖ weightₖ · CE(logits, labelsₖ))/∂input‖², averaged over the batch. Scalar, with a graph.

    logits: (B, K), computed from `inputs`. inputs: (B, C, *spatial), requiring a gradient.
    Raises `ValueError` if the logits were not computed from `inputs`, or without a graph.
    """
    summed = classification_loss(in_fp32(logits), sources) * len(inputs)
    return input_gradient(summed, inputs).square().flatten(1).sum(dim=1).mean()


def shifted_loss(step: Step, strength: float) -> Tensor:
    """Returns strength · ‖∂CE/∂input‖², averaged over the batch, with the gradient of the classification loss at the
    inputs x + 2 strength · ∂CE/∂x: that of loss and penalty together. Scalar.
    """
    batch = step.batch
    gradient = slope(classification_loss(in_fp32(step.logits), batch.sources) * len(batch), batch.inputs)
    shifted = step.again(batch.inputs.detach() + 2 * strength * gradient)
    energy = gradient.square().flatten(1).sum(dim=1).mean()
    return valued(classification_loss(in_fp32(shifted), batch.sources), strength * energy)
