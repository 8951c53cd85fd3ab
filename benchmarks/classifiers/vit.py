"""Vision transformers of timm with a new last layer: DeiT-S and the encoder of MAE."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar, cast

import timm
from timm.models import VisionTransformer
from torch import Tensor, nn

from provbench.registry import ParameterGroup
from provbench.registry.base import TIMM_FILES, hub_file

from .layers import layered_groups

TINY: Mapping[str, Any] = {"patch_size": 8, "embed_dim": 48, "depth": 4, "num_heads": 3}
"""The size of the small variants, for images of some 64 pixels."""


def timm_network(architecture: str, weights: str | None, weights_dir: Path, **options: Any) -> VisionTransformer:
    """Returns a network of timm's, with the weights of a repository of the hub if one is named.

    options: of `timm.create_model`. Raises `MissingDataError` where the weights cannot be found.
    """
    if weights is not None:
        file = hub_file(weights, TIMM_FILES, weights_dir)
        options |= {"pretrained": True, "pretrained_cfg_overlay": {"file": str(file)}}
    return cast("VisionTransformer", timm.create_model(architecture, **options))


class ViTClassifier(nn.Module):
    """A vision transformer of timm's with a new last layer on its class token. inputs (B, 3, S, S) to logits (B, K).

    S is `image_size`, to which the position embeddings of pretrained weights are resampled. drop_path: the share of
    samples that skip the last block in training (stochastic depth); that of earlier blocks grows linearly from 0.
    Raises `MissingDataError` where the weights are not in the data root and not in the Hugging Face cache.
    """

    architecture: ClassVar[str]
    size: ClassVar[Mapping[str, Any]] = {}
    head_std: ClassVar[float] = 0.02
    """Standard deviation of the last layer's first weights."""

    def __init__(
        self,
        num_classes: int,
        *,
        weights: str | None = None,
        weights_dir: Path = Path(),
        image_size: int = 224,
        drop_path: float = 0.1,
    ) -> None:
        super().__init__()
        options = {"num_classes": num_classes, "img_size": image_size, "drop_path_rate": drop_path, **self.size}
        self.vit = timm_network(self.architecture, weights, weights_dir, **options)
        nn.init.trunc_normal_(self.head.weight, std=self.head_std)
        nn.init.zeros_(self.head.bias)

    @property
    def head(self) -> nn.Linear:
        return cast("nn.Linear", self.vit.get_classifier())

    def forward(self, inputs: Tensor) -> Tensor:
        return self.vit(inputs)

    def feature_maps(self, inputs: Tensor) -> Tensor:
        """Maps inputs (B, 3, S, S) to the patch tokens after the last normalisation, (B, D, h, w)."""
        tokens = self.vit.forward_features(inputs)[:, self.vit.num_prefix_tokens :]
        return tokens.mT.unflatten(2, self.vit.patch_embed.grid_size)

    def new_parameters(self) -> Iterator[nn.Parameter]:
        return self.head.parameters()

    def parameter_groups(self, layer_decay: float) -> list[ParameterGroup]:
        blocks = cast("nn.Sequential", self.vit.blocks)
        return layered_groups(self, len(blocks), layer_decay, self.vit.no_weight_decay())


class DeiTSmall(ViTClassifier):
    """DeiT-S/16 (Touvron et al., "Training data-efficient image transformers", ICML 2021), without distillation."""

    architecture = "deit_small_patch16_224"


class MAEBase(ViTClassifier):
    """ViT-B/16 of a masked autoencoder (He et al., CVPR 2022), to be fine-tuned on its class token.

    The last layer begins near zero, N(0, 0.00002²), as in the authors' fine-tuning.
    """

    architecture = "vit_base_patch16_224.mae"
    head_std = 2e-5


class TinyDeiT(DeiTSmall):
    """DeiT of four blocks of 48 channels on patches of 8 pixels; random weights only."""

    size = TINY

    def __init__(self, num_classes: int, *, image_size: int = 64, drop_path: float = 0.0) -> None:
        super().__init__(num_classes, image_size=image_size, drop_path=drop_path)


class TinyMAE(MAEBase):
    """MAE's encoder in four blocks of 48 channels on patches of 8 pixels; random weights only."""

    size = TINY

    def __init__(self, num_classes: int, *, image_size: int = 64, drop_path: float = 0.0) -> None:
        super().__init__(num_classes, image_size=image_size, drop_path=drop_path)
