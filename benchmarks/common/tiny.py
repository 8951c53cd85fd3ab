"""The trunk of the mini sets' networks."""

from __future__ import annotations

from torch import nn


def tiny_trunk(width: int) -> tuple[nn.Sequential, int]:
    """Returns four convolutions, from images (B, 3, H, W) to maps (B, 4 · width, H/8, W/8), and the maps' channels.

    Group normalisation, so that the samples of a batch do not interact and each input gradient is its sample's own.
    """
    channels = (3, width, 2 * width, 4 * width, 4 * width)
    strides = (2, 2, 2, 1)
    layers = [
        nn.Sequential(nn.Conv2d(before, after, 3, stride, 1, bias=False), nn.GroupNorm(after // 8, after), nn.ReLU())
        for before, after, stride in zip(channels, channels[1:], strides, strict=False)
    ]
    return nn.Sequential(*layers), channels[-1]
