"""Facts about a network that are known before it is built."""

from __future__ import annotations

from provbench.registry import MODELS
from provbench.registry.base import UserError

TINY = {"tiny-cam": "MINI_WORLD", "tiny-cnn": "MINI_WORLD", "tiny-skp": None}
"""Networks of the mini sets, with the pretrained weights that each has."""
NOTHING = frozenset({"none", "null", "nil", "no", "false", "random", "~", ""})
"""Spellings of "no weights" that YAML may read as text."""


def check_model(model: str, weights: str | None = None) -> None:
    """Raises `UserError` for a model that is not registered, and for pretrained weights that it cannot have."""
    try:
        MODELS.entry(model)
    except UserError as error:
        raise UserError(f"model: {error}") from None
    if weights is not None and weights.strip().casefold() in NOTHING:
        raise UserError(f"weights: {weights!r} is text; for random weights write null")
    if weights is not None and model in TINY and weights != TINY[model]:
        known = f"{TINY[model]} or null for random ones" if TINY[model] else "no pretrained weights, so it must be null"
        raise UserError(f"weights: {model} has {known} (got {weights!r})")
