"""Facts about a network that are known before it is built."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec

from provbench.registry import MODELS
from provbench.registry.base import UserError

KNOWN: Mapping[str, str | None] = {
    "clip-vit-b16": "openai/clip-vit-base-patch16",
    "efficientnet-lite0": "IMAGENET1K_TF",
    "deit-s": "timm/deit_small_patch16_224.fb_in1k",
    "mae-vit-b16": "timm/vit_base_patch16_224.mae",
    "sat": "timm/deit_small_patch16_224.fb_in1k",
    "tiny-cam": "MINI_WORLD",
    "tiny-clip": None,
    "tiny-cnn": "MINI_WORLD",
    "tiny-deit": None,
    "tiny-mae": None,
    "tiny-sat": None,
    "tiny-skp": None,
}
"""Networks that have only one kind of pretrained weights, or none."""
PACKAGES: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("clip-vit-b16", "tiny-clip"), ("transformers", "peft")),
    **dict.fromkeys(("deit-s", "mae-vit-b16", "sat", "tiny-deit", "tiny-mae", "tiny-sat"), ("timm",)),
}
"""Packages of the extra `transformers` that networks need."""
NOTHING = frozenset({"none", "null", "nil", "no", "false", "random", "~", ""})
"""Spellings of "no weights" that YAML may read as text."""


def check_model(model: str, weights: str | None = None) -> None:
    """Raises `UserError` for a model that is not registered or lacks a package, and for weights that it cannot have."""
    try:
        MODELS.entry(model)
    except UserError as error:
        raise UserError(f"model: {error}") from None
    if lacking := [package for package in PACKAGES.get(model, ()) if find_spec(package) is None]:
        raise UserError(f"model: {model} needs {' and '.join(lacking)}: pip install 'provbench[transformers]'")
    if weights is not None and weights.strip().casefold() in NOTHING:
        raise UserError(f"weights: {weights!r} is text; for random weights write null")
    if weights is not None and model in KNOWN and weights != KNOWN[model]:
        own = KNOWN[model]
        known = f"{own} or null for random ones" if own else "no pretrained weights, so it must be null"
        raise UserError(f"weights: {model} has {known} (got {weights!r})")
