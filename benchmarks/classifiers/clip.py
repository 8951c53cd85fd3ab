"""CLIP as a classifier: class names as texts, low-rank adapters in both towers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import torch
from peft import LoraConfig, inject_adapter_in_model
from torch import Tensor, nn
from transformers import CLIPConfig, CLIPModel, CLIPTokenizer

from provbench.registry.base import CLIP_FILES, hub_folder, without_progress_bars

MEAN, STD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
"""Statistics of the pixels in [0, 1] that CLIP was trained with."""
TINY_TOWER = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
BYTES = 256
"""Tokens of random networks are bytes, then a token for the beginning and one for the end of a text."""


class CLIPClassifier(nn.Module):
    """CLIP ViT-B/16 with adapters (LoRA) on queries and values of both towers. inputs (B, 3, S, S) to logits (B, K).

    logits = exp(logit_scale) · cosine of the image's embedding and that of the class's text, which is `class_prompt`
    with the class's name in the place of `{}`. The texts are encoded anew in each pass, since their tower learns; they
    are cut to the longest of them, which changes nothing, as a token sees only those before it. Everything but the
    adapters is frozen.

    class_names: the K names in order. normalization: mean and standard deviation by which the inputs are normalised;
    the network brings them to CLIP's own, so that input gradients have the same unit in each network. rank, alpha,
    dropout: of the adapters. Raises `MissingDataError` where the weights are not in the data root and not in the
    Hugging Face cache.

    Source: Radford et al., "Learning Transferable Visual Models From Natural Language Supervision" (ICML 2021); the
    adapters and their defaults as in DataDream and Beyond Objects (arXiv 2510.24078).
    """

    tiny: ClassVar[bool] = False
    clip: Any
    """transformers' CLIPModel, with the adapters in it."""
    tokens: Tensor
    scale: Tensor
    shift: Tensor

    def __init__(
        self,
        num_classes: int,
        *,
        class_names: Sequence[str] = (),
        class_prompt: str = "a photo of a {}",
        weights: str | None = None,
        weights_dir: Path = Path(),
        image_size: int = 224,
        normalization: tuple[Sequence[float], Sequence[float]] = (MEAN, STD),
        rank: int = 16,
        alpha: int = 32,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        names = list(class_names) or [str(number) for number in range(num_classes)]
        if len(names) != num_classes:
            raise ValueError(f"class_names must name {num_classes} classes (got {len(names)})")
        texts = [class_prompt.replace("{}", name) for name in names]
        folder = None if weights is None else hub_folder(weights, CLIP_FILES, weights_dir)
        self.clip = load(folder) if folder else CLIPModel(random_config(image_size, tiny=self.tiny))
        text, vision = self.clip.config.text_config, self.clip.config.vision_config
        self.patch, self.resampled = vision.patch_size, image_size != vision.image_size
        adapters = LoraConfig(r=rank, lora_alpha=alpha, lora_dropout=dropout, target_modules=["q_proj", "v_proj"])
        inject_adapter_in_model(adapters, self.clip)
        tokens = tokenize(texts, folder, text.max_position_embeddings) if folder else byte_tokens(texts, text)
        self.register_buffer("tokens", tokens, persistent=False)
        mean, std = (torch.tensor(values, dtype=torch.float32).view(1, -1, 1, 1) for values in normalization)
        own_mean, own_std = (torch.tensor(values).view(1, -1, 1, 1) for values in (MEAN, STD))
        self.register_buffer("scale", std / own_std, persistent=False)
        self.register_buffer("shift", (mean - own_mean) / own_std, persistent=False)

    def forward(self, inputs: Tensor) -> Tensor:
        images, texts = self.image_embeddings(inputs), self.text_embeddings()
        return self.clip.logit_scale.exp() * images @ texts.mT

    def image_embeddings(self, inputs: Tensor) -> Tensor:
        """Maps inputs (B, 3, S, S), normalised as the constructor was told, to unit vectors (B, E)."""
        pixels = inputs * self.scale + self.shift
        features = self.clip.get_image_features(pixels, interpolate_pos_encoding=self.resampled)
        return nn.functional.normalize(features.pooler_output, dim=1)

    def text_embeddings(self) -> Tensor:
        """Returns the unit vectors of the classes' texts, (K, E)."""
        return nn.functional.normalize(self.clip.get_text_features(self.tokens).pooler_output, dim=1)

    def feature_maps(self, inputs: Tensor) -> Tensor:
        """Maps inputs (B, 3, S, S) to the image tower's patch tokens, (B, D, h, w)."""
        pixels = inputs * self.scale + self.shift
        states = self.clip.vision_model(pixel_values=pixels, interpolate_pos_encoding=self.resampled)
        sides = [side // self.patch for side in inputs.shape[2:]]
        return states.last_hidden_state[:, 1:].mT.unflatten(2, sides)


class TinyCLIP(CLIPClassifier):
    """CLIP of two blocks of 32 channels a tower, on patches of 8 pixels; random weights only."""

    tiny = True

    def __init__(
        self,
        num_classes: int,
        *,
        class_names: Sequence[str] = (),
        class_prompt: str = "a photo of a {}",
        image_size: int = 64,
        normalization: tuple[Sequence[float], Sequence[float]] = (MEAN, STD),
        rank: int = 4,
        alpha: int = 8,
        dropout: float = 0.1,
    ) -> None:
        super().__init__(
            num_classes,
            class_names=class_names,
            class_prompt=class_prompt,
            image_size=image_size,
            normalization=normalization,
            rank=rank,
            alpha=alpha,
            dropout=dropout,
        )


def load(folder: Path) -> CLIPModel:
    """Returns CLIP with the weights in a folder."""
    with without_progress_bars():
        return CLIPModel.from_pretrained(folder, local_files_only=True)


def random_config(image_size: int, *, tiny: bool) -> CLIPConfig:
    """Returns the sizes of ViT-B/16's CLIP, or small ones, with bytes for tokens."""
    text: dict[str, Any] = {"vocab_size": BYTES + 2, "bos_token_id": BYTES, "eos_token_id": BYTES + 1}
    text["pad_token_id"] = BYTES + 1
    vision: dict[str, Any] = {"image_size": image_size, "patch_size": 16}
    if tiny:
        text |= TINY_TOWER
        vision |= TINY_TOWER | {"patch_size": 8}
    return CLIPConfig(text_config=text, vision_config=vision, projection_dim=32 if tiny else 512)


def byte_tokens(texts: Sequence[str], config: Any) -> Tensor:
    """(K, L) int64: the bytes of each text between a token for its beginning and one for its end, then end tokens."""
    most = config.max_position_embeddings - 2
    rows = [[config.bos_token_id, *text.encode()[:most], config.eos_token_id] for text in texts]
    longest = max(map(len, rows))
    return torch.tensor([row + [config.eos_token_id] * (longest - len(row)) for row in rows])


def tokenize(texts: Sequence[str], folder: Path, most: int) -> Tensor:
    """(K, L) int64: each text in the tokens of the vocabulary in `folder`, cut to `most`, padded to the longest."""
    tokenizer = CLIPTokenizer.from_pretrained(folder, local_files_only=True)
    return tokenizer(list(texts), padding=True, truncation=True, max_length=most, return_tensors="pt")["input_ids"]  # pyright: ignore[reportReturnType]
