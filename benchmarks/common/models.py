"""What is known of a network before it is built."""

from __future__ import annotations

from provbench.registry import MODELS
from provbench.registry.base import UserError

UNTRAINED = frozenset({"tiny-cam", "tiny-cnn", "tiny-skp"})
"""Networks of the mini sets, without pretrained weights."""
NOTHING = frozenset({"none", "null", "nil", "no", "false", "random", "~", ""})
"""What people write for no weights, and YAML reads as text where they write it so."""


def check_model(model: str, weights: str | None = None) -> None:
    """Raises `UserError` for a model that is not registered, and for pretrained weights that it cannot have."""
    try:
        MODELS.entry(model)
    except UserError as error:
        raise UserError(f"model: {error}") from None
    if weights is not None and weights.strip().casefold() in NOTHING:
        raise UserError(f"weights: {weights!r} is text; for random weights write null")
    if weights is not None and model in UNTRAINED:
        raise UserError(f"weights: {model} has no pretrained weights, so it must be null (got {weights!r})")
