"""Penalties on a gradient from one more first-order pass, at inputs that are shifted along it; for smooth networks.

The parameter gradient of ‖∂s/∂x‖² is 2 ∂/∂ε ∇θ s(x + ε ∂s/∂x), so a difference of two parameter gradients gives it.
That needs no second derivatives: attention stays fused, and a step costs 1.7 (double backpropagation, whose shifted
pass is the training step itself) to 2.3 plain steps (others). It is right only where the network is smooth: of ReLU
networks the line from x to the shifted inputs crosses kinks at every usable ε, and the cosine with the true gradient
is 0.4 to 0.9. Such networks are refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..base import UserError, torch
from ..contracts import Regularizer

if TYPE_CHECKING:
    from torch import Tensor
    from torch.autograd.graph import Node


class ExactOrShifted(Regularizer):
    """A penalty whose parameter `estimator` is `exact`, which differentiates twice, or `shifted-step`, which takes
    first-order passes in full precision.
    """

    @property
    def second_order(self) -> bool:  # pyright: ignore[reportIncompatibleVariableOverride]
        return self.params.estimator == "exact"  # pyright: ignore[reportAttributeAccessIssue]

    @property
    def first_order(self) -> bool:  # pyright: ignore[reportIncompatibleVariableOverride]
        return not self.second_order

    reruns_model = full_precision = first_order  # pyright: ignore[reportAssignmentType]


KINKS = {
    "Relu": "ReLU",
    "Threshold": "ReLU",
    "LeakyRelu": "leaky ReLU",
    "PreluKernel": "PReLU",
    "RreluWithNoise": "randomised ReLU",
    "Hardtanh": "ReLU6 or hard tanh",
    "Hardswish": "hard swish",
    "Hardsigmoid": "hard sigmoid",
    "Abs": "absolute values",
    "MaxPool2DWithIndices": "max pooling",
    "MaxPool3DWithIndices": "max pooling",
    "AdaptiveMaxPool2D": "max pooling",
    "AdaptiveMaxPool3D": "max pooling",
    "Max": "maxima",
    "Amax": "maxima",
    "Maximum": "maxima",
}
"""Operations with kinks, by autograd's names."""


def require_smooth(logits: Tensor, name: str) -> None:
    """Raises `UserError`, which begins with `name`, if the network that gave these logits has kinks."""
    found = kinks(logits)
    if found:
        raise UserError(
            f"{name}: estimator shifted-step needs a network that is smooth, and this one has {' and '.join(found)}: "
            "take estimator: exact, or a network with GELU, SiLU or tanh and average pooling"
        )


def kinks(logits: Tensor) -> list[str]:
    """Returns what has kinks among the operations that led to `logits`, sorted. Compiled parts are not looked into."""
    names: set[str] = set()
    seen: set[Node] = set()
    nodes = [logits.grad_fn]
    while nodes:
        node = nodes.pop()
        if node is not None and node not in seen:
            seen.add(node)
            names.add(node.name().rstrip("0123456789").removesuffix("Backward"))
            nodes += [following for following, _ in node.next_functions]
    return sorted({KINKS[name] for name in names if name in KINKS})


def slope(scalars: Tensor, inputs: Tensor) -> Tensor:
    """Returns ∂(Σ scalars)/∂inputs as a constant. The graph stays, for the gradient of the step itself."""
    (gradient,) = torch.autograd.grad(scalars.sum(), inputs, retain_graph=True)
    return gradient


def shift_of(inputs: Tensor, direction: Tensor, size: float) -> tuple[Tensor, Tensor]:
    """Returns the shifted inputs, and the ε, a scalar, by which `direction` was multiplied; ε is 0 where that is.

    The shift is `size` times as long as the inputs, over the whole batch: with batch normalisation, through which
    samples interact, one ε for all of them is what gives the exact gradient.
    """
    length, own = direction.norm(), inputs.detach().norm()
    epsilon = torch.where(length > 0, size * own / length.clamp(min=torch.finfo(length.dtype).tiny), 0)
    return inputs.detach() + epsilon * direction, epsilon


def valued(surrogate: Tensor, value: Tensor) -> Tensor:
    """Returns a tensor that has the value of one and the gradient of the other."""
    return surrogate - surrogate.detach() + value.detach()
