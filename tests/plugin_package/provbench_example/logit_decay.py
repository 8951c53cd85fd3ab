"""Logit decay: large logits cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from provbench.registry import Batch, Params, Regularizer, tunable

if TYPE_CHECKING:
    from torch import Generator, Tensor


class LogitDecayParams(Params):
    strength: float = tunable(0.1, low=1e-3, high=1.0, log=True, ge=0, description="weight of the penalty")


class LogitDecay(Regularizer):
    """Penalise the mean square of the logits."""

    second_order = False
    Params = LogitDecayParams
    params: LogitDecayParams

    def penalty(self, logits: Tensor, batch: Batch, generator: Generator) -> Tensor:
        return self.params.strength * logits.square().mean()
