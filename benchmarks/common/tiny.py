"""The trunk of the mini sets' networks, and the weights that ship for it."""

from __future__ import annotations

import hashlib

from torch import Tensor, nn

from provbench.registry.base import UserError, read_tensors

from .shipped import FILE, MINI_WORLD, SHA256


def tiny_trunk(width: int, weights: str | None = None) -> tuple[nn.Sequential, int]:
    """Returns four convolutions, from images (B, 3, H, W) to maps (B, 4 · width, H/8, W/8), and the maps' channels.

    Group normalisation, so that the samples of a batch do not interact and each input gradient is its sample's own.
    weights: `MINI_WORLD`, for the width 16, which tell parts of drawn birds and scenes; None for random ones. Raises
    `UserError` for any others.
    """
    if weights not in (None, MINI_WORLD):
        raise UserError(f"weights: the mini networks have {MINI_WORLD}, or null for random ones (got {weights!r})")
    channels = (3, width, 2 * width, 4 * width, 4 * width)
    strides = (2, 2, 2, 1)
    layers = [
        nn.Sequential(nn.Conv2d(before, after, 3, stride, 1, bias=False), nn.GroupNorm(after // 8, after), nn.ReLU())
        for before, after, stride in zip(channels, channels[1:], strides, strict=False)
    ]
    trunk = nn.Sequential(*layers)
    if weights is not None:
        trunk.load_state_dict(_pretrained(width))
    return trunk, channels[-1]


def _pretrained(width: int) -> dict[str, Tensor]:
    if width != 16:
        raise UserError(f"weights: {MINI_WORLD} fits networks of width 16 (got {width})")
    found = hashlib.sha256(FILE.read_bytes()).hexdigest()
    if found != SHA256:
        raise UserError(f"{FILE}: its SHA-256 must be {SHA256} (got {found}): install provbench again")
    return read_tensors(FILE)
