"""Tiny models with random weights, and a training set of drawn images, for the tests of generation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from provbench.registry import MissingDataError

SIDE = 16


class Drawn:
    """A training set of squares of a colour for each class, with descriptions and outlines."""

    def __init__(
        self,
        folder: Path,
        labels: Sequence[int] = (0, 0, 1, 1),
        names: Sequence[str] = ("red gull", "blue gull"),
        segmented: bool = True,
    ) -> None:
        self.folder, self.labels, self.names, self.segmented = folder, tuple(labels), tuple(names), segmented
        self.num_classes = len(names)

    def __len__(self) -> int:
        return len(self.labels)

    def sample_id(self, index: int) -> str:
        return f"class {self.labels[index]}/{index}.png"

    def label(self, index: int) -> int:
        return self.labels[index]

    def image(self, index: int) -> np.ndarray:
        image = np.full((SIDE, SIDE + 4, 3), 40 + 20 * index, np.uint8)
        image[self._target()] = (250, 0, 0) if self.labels[index] == 0 else (0, 0, 250)
        return image

    def segmentation(self, index: int) -> np.ndarray:
        if not self.segmented:
            raise MissingDataError("no outlines")
        return self._target()

    def class_names(self) -> Sequence[str]:
        return self.names

    def context(self, index: int) -> Mapping[str, str]:
        return {"background": f"place {index}", "pose": f"turn {index % 2}"}

    def _target(self) -> np.ndarray:
        mask = np.zeros((SIDE, SIDE + 4), bool)
        mask[4:12, 6:14] = True
        return mask


@pytest.fixture
def drawn(tmp_path: Path) -> Drawn:
    folder = tmp_path / "drawn"
    folder.mkdir()
    return Drawn(folder)


def write_tokenizer(folder: Path) -> None:
    """Writes a CLIP tokenizer of single bytes."""
    from tokenizers.pre_tokenizers import ByteLevel
    from transformers.models.clip.tokenization_clip import CLIPTokenizer

    alphabet = sorted(ByteLevel.alphabet())
    symbols = [*alphabet, *(f"{one}</w>" for one in alphabet), "<|startoftext|>", "<|endoftext|>"]
    tokenizer = CLIPTokenizer(vocab={one: place for place, one in enumerate(symbols)}, merges=[], model_max_length=77)
    tokenizer.save_pretrained(folder)


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Returns the folder of a Stable Diffusion model of 16 pixels with random weights, saved as the hub has them."""
    import torch
    from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
    from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
    from diffusers.pipelines.stable_diffusion.pipeline_stable_diffusion import StableDiffusionPipeline
    from diffusers.schedulers.scheduling_ddim import DDIMScheduler
    from transformers.models.clip.configuration_clip import CLIPTextConfig
    from transformers.models.clip.modeling_clip import CLIPTextModel
    from transformers.models.clip.tokenization_clip import CLIPTokenizer

    folder = tmp_path_factory.mktemp("models") / "tiny"
    write_tokenizer(folder / "tokenizer")
    tokenizer = CLIPTokenizer.from_pretrained(folder / "tokenizer", model_max_length=77)
    torch.manual_seed(0)
    network: Any = UNet2DConditionModel
    unet = network(
        sample_size=8,
        in_channels=4,
        out_channels=4,
        layers_per_block=1,
        block_out_channels=(16, 32),
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        cross_attention_dim=32,
        attention_head_dim=8,
        norm_num_groups=8,
    )
    autoencoder: Any = AutoencoderKL
    vae = autoencoder(
        block_out_channels=(8, 16),
        down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2,
        latent_channels=4,
        norm_num_groups=8,
        sample_size=16,
    )
    text = CLIPTextModel(
        CLIPTextConfig(
            vocab_size=len(tokenizer),
            hidden_size=32,
            intermediate_size=32,
            num_hidden_layers=2,
            num_attention_heads=4,
            max_position_embeddings=77,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
    )
    pipeline_class: Any = StableDiffusionPipeline
    pipeline = pipeline_class(
        vae=vae,
        text_encoder=text,
        tokenizer=tokenizer,
        unet=unet,
        scheduler=DDIMScheduler(clip_sample=False, steps_offset=1),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipeline.save_pretrained(folder, safe_serialization=True)
    return folder


@pytest.fixture
def tiny_generator(tiny_model: Path) -> dict[str, object]:
    """Returns the tiny model as a suite names it."""
    return {"name": "stable-diffusion", "model": str(tiny_model), "size": 16}
