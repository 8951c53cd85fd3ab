"""SAT: a vision transformer with a token that asks where the object is, and masks attention by the answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar, cast

import torch
from timm.models import VisionTransformer
from torch import Tensor, nn

from provbench.registry import ParameterGroup

from .layers import layered_groups
from .vit import TINY, timm_network

SMOOTHING = (0.05126853, 0.89746295, 0.05126853)
"""The filter that smooths the map before its binarity is measured, along each axis: the roots of the shares of a normal
distribution in three equal parts of the range from -8 1/6 to 8 1/6, brought to the sum 1."""


class SAT(nn.Module):
    """Spatial-aware token on DeiT-S/16. inputs (B, 3, S, S) to logits (B, K).

    A location token with a position embedding of its own stands last in the sequence. In each block the sigmoid of its
    scaled dot products with all keys, averaged over the heads, is a mask (B, 1, 1, N); in the last `masked_blocks`
    blocks the attention of every query is multiplied by it. The map (B, h, w) is the mean of those masks over the
    patches. Logits are the mean over the patches of a 3 x 3 convolution of their tokens. Training adds two terms with
    weight 1: `area`, |mean of the maps - area|, the mean being that of the batch (of the process's part of it), and
    `binarity`, the mean of m (1 - m) of the smoothed map m.

    The score map of an image is its map, whatever the label. drop_path: as in `ViTClassifier`. Raises
    `MissingDataError` where the weights are not in the data root and not in the Hugging Face cache.

    Source: Wu et al., "Spatial-Aware Token for Weakly Supervised Object Localization" (ICCV 2023), the sections on
    the token and its losses; the smoothing and the initial weights as in the reference implementation wpy1999/SAT.
    """

    architecture: ClassVar[str] = "deit_small_patch16_224"
    size: ClassVar[Mapping[str, Any]] = {}

    def __init__(
        self,
        num_classes: int,
        *,
        weights: str | None = None,
        weights_dir: Path = Path(),
        image_size: int = 224,
        drop_path: float = 0.1,
        area: float = 0.25,
        masked_blocks: int = 3,
    ) -> None:
        super().__init__()
        options = {"num_classes": 0, "img_size": image_size, "drop_path_rate": drop_path, **self.size}
        self.vit: VisionTransformer = timm_network(self.architecture, weights, weights_dir, **options)
        width = self.vit.embed_dim
        self.loc_token, self.loc_embed = (nn.Parameter(torch.zeros(1, 1, width)) for _ in range(2))
        for parameter in (self.loc_token, self.loc_embed):
            nn.init.trunc_normal_(parameter, std=0.02)
        self.head = nn.Conv2d(width, num_classes, 3, padding=1)
        self.area, self.masked_blocks = area, masked_blocks
        column = torch.tensor(SMOOTHING)
        self.kernel: Tensor
        self.register_buffer("kernel", torch.outer(column, column)[None, None], persistent=False)

    def forward(self, inputs: Tensor) -> Tensor:
        return self._logits(self.tokens_and_maps(inputs)[0])

    def logits_and_scoremaps(self, inputs: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Returns logits (B, K) and the maps (B, h, w) from one pass; the labels do not count."""
        tokens, maps = self.tokens_and_maps(inputs)
        return self._logits(tokens), maps

    def logits_and_losses(self, inputs: Tensor) -> tuple[Tensor, Mapping[str, Tensor]]:
        """Returns logits (B, K), and the terms `area` and `binarity`, from one pass."""
        tokens, maps = self.tokens_and_maps(inputs)
        smooth = nn.functional.conv2d(maps[:, None], self.kernel, padding=1)
        losses = {"area": (maps.mean() - self.area).abs(), "binarity": (smooth * (1 - smooth)).mean()}
        return self._logits(tokens), losses

    def feature_maps(self, inputs: Tensor) -> Tensor:
        """Maps inputs (B, 3, S, S) to the patch tokens, (B, D, h, w)."""
        return self.tokens_and_maps(inputs)[0]

    def tokens_and_maps(self, inputs: Tensor) -> tuple[Tensor, Tensor]:
        """Returns the patch tokens after the last normalisation, (B, D, h, w), and the maps, (B, h, w)."""
        tokens, masks = self.embed(inputs), []
        for number in range(len(self.blocks)):
            tokens, mask = self.block(number, tokens)
            masks.append(mask)
        patches = self.vit.norm(tokens)[:, 1:-1]
        grid = self.vit.patch_embed.grid_size
        maps = torch.stack(masks[-self.masked_blocks :]).mean(dim=0)[:, 0, 0, 1:-1]
        return patches.mT.unflatten(2, grid), maps.unflatten(1, grid)

    def embed(self, inputs: Tensor) -> Tensor:
        """(B, h · w + 2, D): the class token, the patches and the location token, each with its position."""
        patches = self.vit.patch_embed(inputs)
        start = cast("Tensor", self.vit.cls_token).expand(len(inputs), -1, -1)
        located = (self.loc_token + self.loc_embed).expand(len(inputs), -1, -1)
        placed = torch.cat([start, patches], dim=1) + cast("Tensor", self.vit.pos_embed)
        return torch.cat([placed, located], dim=1)

    def block(self, number: int, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """Returns the tokens (B, N, D) after a block, and its mask (B, 1, 1, N)."""
        block = self.blocks[number]
        attended, mask = self._attention(block.attn, block.norm1(tokens), masked=self._is_masked(number))
        tokens = tokens + block.drop_path1(attended)
        return tokens + block.drop_path2(block.mlp(block.norm2(tokens))), mask

    def new_parameters(self) -> Iterator[nn.Parameter]:
        yield from (self.loc_token, self.loc_embed)
        yield from self.head.parameters()

    def parameter_groups(self, layer_decay: float) -> list[ParameterGroup]:
        embeddings = {*self.vit.no_weight_decay(), "loc_token", "loc_embed"}
        return layered_groups(self, len(self.blocks), layer_decay, embeddings)

    @property
    def blocks(self) -> Any:
        return self.vit.blocks

    def _is_masked(self, number: int) -> bool:
        return number >= len(self.blocks) - self.masked_blocks

    @staticmethod
    def _attention(layer: Any, tokens: Tensor, *, masked: bool) -> tuple[Tensor, Tensor]:
        """Returns attention with its explicit softmax, which fused kernels do not give, and the location's mask."""
        queries, keys, values = layer.qkv(tokens).unflatten(2, (3, layer.num_heads, -1)).permute(2, 0, 3, 1, 4)
        scores = queries @ keys.mT * layer.scale
        mask = scores[:, :, -1:].mean(dim=1, keepdim=True).sigmoid()
        weights = scores.softmax(dim=-1) * mask if masked else scores.softmax(dim=-1)
        return layer.proj((weights @ values).transpose(1, 2).flatten(2)), mask

    def _logits(self, patches: Tensor) -> Tensor:
        return self.head(patches).mean(dim=(2, 3))


class TinySAT(SAT):
    """SAT of four blocks of 48 channels on patches of 8 pixels; random weights only."""

    size = TINY

    def __init__(
        self,
        num_classes: int,
        *,
        image_size: int = 64,
        drop_path: float = 0.0,
        area: float = 0.25,
        masked_blocks: int = 3,
    ) -> None:
        super().__init__(
            num_classes, image_size=image_size, drop_path=drop_path, area=area, masked_blocks=masked_blocks
        )
