"""Double backpropagation: the loss must not change fast with the input, anywhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..contracts import Batch, Regularizer, Source, classification_loss, in_fp32, input_gradient, require_gradient
from ..params import Params, tunable

if TYPE_CHECKING:
    from torch import Generator, Tensor


class DoubleBackpropParams(Params):
    strength: float = tunable(
        1.0, low=1e-3, high=1e3, log=True, ge=0, description="weight of the penalty, λ, for normalised inputs"
    )


class DoubleBackprop(Regularizer):
    """Penalise the input gradient of the classification loss, whatever the provenance: a baseline for guidance.

    strength · mean over the batch of ‖∂CE/∂input‖², CE the sample's own loss with its soft labels, without class
    weights. The same λ in pixel units would weigh std² as much.

    Source: Drucker & LeCun, "Double Backpropagation: Increasing Generalization Performance" (IJCNN 1991); for deep
    nets Ross & Doshi-Velez, "Improving the Adversarial Robustness and Interpretability of Deep Neural Networks by
    Regularizing their Input Gradients" (AAAI 2018).
    """

    Params = DoubleBackpropParams
    params: DoubleBackpropParams

    def penalty(self, logits: Tensor, batch: Batch, generator: Generator) -> Tensor:
        loss = gradient_energy(logits, batch.inputs, batch.sources)
        return self.params.strength * require_gradient(loss, self.name)


def gradient_energy(logits: Tensor, inputs: Tensor, sources: Sequence[Source]) -> Tensor:
    """‖∂(Σₖ weightₖ · CE(logits, labelsₖ))/∂input‖², averaged over the batch. Scalar, with a graph.

    logits: (B, K), computed from `inputs`. inputs: (B, C, *spatial), requiring a gradient.
    Raises `ValueError` if the logits were not computed from `inputs`, or without a graph.
    """
    summed = classification_loss(in_fp32(logits), sources) * len(inputs)
    return input_gradient(summed, inputs).square().flatten(1).sum(dim=1).mean()
