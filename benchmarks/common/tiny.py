"""The trunk of the mini sets' networks."""

from __future__ import annotations

from torch import nn

from provbench.registry.base import UserError


def tiny_trunk(width: int, *, name: str, weights: str | None) -> tuple[nn.Sequential, int]:
    """Four convolutions, images (B, 3, H, W) to maps (B, 4 · width, H/8, W/8), and the number of their channels.

    Group normalisation, so that the samples of a batch do not interact and each input gradient is its sample's own.
    There are no pretrained weights: `UserError`, with the model's name, if some are asked for.
    """
    if weights is not None:
        raise UserError(f"weights: {name} has no pretrained weights, so it must be null (got {weights!r})")
    channels = (3, width, 2 * width, 4 * width, 4 * width)
    strides = (2, 2, 2, 1)
    layers = [
        nn.Sequential(nn.Conv2d(before, after, 3, stride, 1, bias=False), nn.GroupNorm(after // 8, after), nn.ReLU())
        for before, after, stride in zip(channels, channels[1:], strides, strict=False)
    ]
    return nn.Sequential(*layers), channels[-1]
