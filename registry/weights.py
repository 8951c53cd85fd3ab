"""The weight of a penalty: a number, or the share of the parameter gradient that the penalty is to have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Discriminator, Field, Tag

from .params import Params, tunable


class GradientShare(Params):
    """A weight that is calibrated on the first steps of a run, and fixed from then on.

    The share is the norm of the penalty's parameter gradient, its weight included, as a part of the norm of the
    classification loss's, on the steps that are penalised; of a penalty on every k-th step with k times the weight, a
    k-th of that.
    """

    share: float = tunable(..., low=0.01, high=1.0, log=True, gt=0, description="of the loss's gradient, as 0.1")
    steps: int = Field(20, ge=1, description="penalised steps, the first of a run, on which it is calibrated")


def _kind(value: Any) -> str:
    return "weight[share]" if isinstance(value, (Mapping, GradientShare)) else "weight[number]"


Weight = Annotated[
    Annotated[float, Field(ge=0), Tag("weight[number]")] | Annotated[GradientShare, Tag("weight[share]")],
    Discriminator(_kind),
]
"""The type of a parameter that is a weight."""


def factor(weight: Weight) -> float:
    """Returns what a regularizer multiplies its penalty with: 1 where the training loop calibrates the weight."""
    return 1.0 if isinstance(weight, GradientShare) else weight
