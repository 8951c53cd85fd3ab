"""Jacobian regularization: no logit may change fast with the input."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from ..base import functional, torch
from ..contracts import Batch, Regularizer, input_gradient, on_device, require_gradient
from ..params import Params, tunable
from ..weights import Weight, factor

if TYPE_CHECKING:
    from torch import Generator, Tensor


class JacobianParams(Params):
    strength: Weight = tunable(0.01, low=1e-4, high=1.0, log=True, description="weight of the penalty, λ_JR")
    projections: int = Field(1, ge=1, description="random directions a step; each costs a backward pass")


class Jacobian(Regularizer):
    """Penalise the Frobenius norm of the logits' Jacobian, estimated from random directions; a baseline for guidance.

    strength · mean over the batch of an estimate of ½‖∂logits/∂input‖_F², whatever the provenance.

    Source: Hoffman, Roberts & Yaida, "Robust Learning with Jacobian Regularization" (2019), algorithm 1, with its
    λ_JR = 0.01 and one projection; reference implementation facebookresearch/jacobian_regularizer.
    """

    Params = JacobianParams
    params: JacobianParams
    weight = "strength"

    def penalty(self, logits: Tensor, batch: Batch, generator: Generator) -> Tensor:
        loss = jacobian_energy(logits, batch.inputs, self.params.projections, generator)
        return factor(self.params.strength) * require_gradient(loss, self.name)


def jacobian_energy(logits: Tensor, inputs: Tensor, projections: int, generator: Generator) -> Tensor:
    """An unbiased estimate of ½‖∂logits/∂input‖_F², averaged over the batch. Scalar, with a graph.

    K/2 · mean over the projections of ‖∂(v · logits)/∂input‖², each sample's v uniform on the unit sphere of its K
    logits, where E[v vᵀ] = 1/K. logits: (B, K), computed from `inputs`. inputs: (B, C, *spatial), requiring a gradient.
    Raises `ValueError` if the logits were not computed from `inputs`, or without a graph.
    """
    total = torch.zeros((), device=logits.device)
    for _ in range(projections):
        normal = torch.randn(logits.shape, generator=generator)
        direction = on_device(functional.normalize(normal, dim=1), logits)
        gradient = input_gradient((direction * logits).sum(), inputs)
        total = total + gradient.square().flatten(1).sum(dim=1).mean()
    return logits.shape[1] / 2 * total / projections
