"""Tiny models with random weights, in the files that their libraries read."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def write_tokenizer(folder: Path) -> None:
    """Writes a CLIP tokenizer of single bytes."""
    from tokenizers.pre_tokenizers import ByteLevel
    from transformers.models.clip.tokenization_clip import CLIPTokenizer

    alphabet = sorted(ByteLevel.alphabet())
    symbols = [*alphabet, *(f"{one}</w>" for one in alphabet), "<|startoftext|>", "<|endoftext|>"]
    tokenizer = CLIPTokenizer(vocab={one: place for place, one in enumerate(symbols)}, merges=[], model_max_length=77)
    tokenizer.save_pretrained(folder)


def write_stable_diffusion(folder: Path, in_channels: int = 4) -> None:
    """Writes a Stable Diffusion model of 16 pixels with random weights, as the hub has them.

    in_channels: 8 for a model that is given an image beside the noise, as InstructPix2Pix is.
    """
    import torch
    from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
    from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
    from diffusers.pipelines.stable_diffusion.pipeline_stable_diffusion import StableDiffusionPipeline
    from diffusers.schedulers.scheduling_ddim import DDIMScheduler
    from transformers.models.clip.configuration_clip import CLIPTextConfig
    from transformers.models.clip.modeling_clip import CLIPTextModel
    from transformers.models.clip.tokenization_clip import CLIPTokenizer

    write_tokenizer(folder / "tokenizer")
    tokenizer = CLIPTokenizer.from_pretrained(folder / "tokenizer", model_max_length=77)
    torch.manual_seed(0)
    network: Any = UNet2DConditionModel
    unet = network(
        sample_size=8,
        in_channels=in_channels,
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
