"""An autoencoder without weights: it folds squares of pixels into channels, and back."""

from __future__ import annotations

from typing import Any

import torch
from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.models.autoencoders.vae import DecoderOutput, DiagonalGaussianDistribution
from diffusers.models.modeling_outputs import AutoencoderKLOutput
from diffusers.models.modeling_utils import ModelMixin
from torch import Tensor
from torch.nn.functional import pixel_shuffle, pixel_unshuffle

FACTOR = 2
"""Side of the squares in pixels."""
SCALE = 2.0
"""Factor by which diffusers' pipelines multiply latents: pixels in [-1, 1] then have a variance of about 1."""


class Folding(ModelMixin, ConfigMixin):
    """Maps images (B, 3, H, W) to latents (B, 12, H/2, W/2) that hold the same numbers, and back without loss.

    It has what diffusers' pipelines ask of an autoencoder. A U-Net on the latents works on pixels, at a quarter of the
    positions. block_out_channels: as many as make the pipelines divide sides by two.
    """

    one: Tensor

    @register_to_config
    def __init__(
        self,
        block_out_channels: tuple[int, ...] = (1, 1),
        latent_channels: int = 3 * FACTOR**2,
        scaling_factor: float = SCALE,
    ) -> None:
        super().__init__()
        self.register_buffer("one", torch.ones(()), persistent=False)  # tells the pipelines device and type

    def encode(self, x: Tensor, return_dict: bool = True) -> AutoencoderKLOutput | tuple[Any]:
        folded = pixel_unshuffle(x, FACTOR)
        exact = DiagonalGaussianDistribution(torch.cat([folded, torch.zeros_like(folded)], dim=1), deterministic=True)
        return AutoencoderKLOutput(latent_dist=exact) if return_dict else (exact,)

    def decode(
        self, z: Tensor, return_dict: bool = True, generator: torch.Generator | None = None
    ) -> DecoderOutput | tuple[Tensor]:
        unfolded = pixel_shuffle(z, FACTOR)
        return DecoderOutput(sample=unfolded) if return_dict else (unfolded,)
