"""The parts of the small generator before training: U-Net, text encoder, tokenizer and noise schedule."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from diffusers.schedulers.scheduling_dpmsolver_multistep import DPMSolverMultistepScheduler
from tokenizers.pre_tokenizers import ByteLevel
from tokenizers.trainers import BpeTrainer
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

SIDE = 32
"""Pixels of an image's side."""
MAX_TOKENS = 40
"""Tokens of a prompt, those at its beginning and end included."""
HIDDEN = 96
"""Features of a token."""
START, END = "<|startoftext|>", "<|endoftext|>"
WORD_END = "</w>"


def new_unet() -> UNet2DConditionModel:
    return UNet2DConditionModel(
        sample_size=SIDE // 2,
        in_channels=12,
        out_channels=12,
        block_out_channels=(32, 64, 96),
        layers_per_block=1,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"),
        cross_attention_dim=HIDDEN,
        attention_head_dim=4,
        norm_num_groups=8,
    )


def new_text_encoder(vocabulary: int) -> CLIPTextModel:
    config = CLIPTextConfig(
        vocab_size=vocabulary,
        hidden_size=HIDDEN,
        intermediate_size=2 * HIDDEN,
        projection_dim=HIDDEN,
        num_hidden_layers=2,
        num_attention_heads=4,
        max_position_embeddings=MAX_TOKENS,
        bos_token_id=0,
        eos_token_id=1,
        pad_token_id=1,
    )
    return CLIPTextModel(config)


def new_tokenizer(texts: Iterable[str]) -> CLIPTokenizer:
    """Returns a tokenizer that has the words of the texts whole, and writes all others in pieces, down to bytes."""
    symbols = sorted(ByteLevel.alphabet())
    ends = [f"{symbol}{WORD_END}" for symbol in symbols]
    vocabulary = {token: place for place, token in enumerate([START, END, *symbols, *ends])}
    learner = CLIPTokenizer(vocab=dict(vocabulary), merges=[]).backend_tokenizer
    # The trainer settles ties by tokens' numbers. Those of word ends it gives in the order of a hash table that differs
    # between calls, unless they are there before.
    trainer = BpeTrainer(
        vocab_size=4096, initial_alphabet=symbols, end_of_word_suffix=WORD_END, special_tokens=[START, END, *ends]
    )
    learner.train_from_iterator(texts, trainer)
    merges: Any = [tuple(pair) for pair in json.loads(learner.to_str())["model"]["merges"]]
    for left, right in merges:
        vocabulary.setdefault(left + right, len(vocabulary))
    return CLIPTokenizer(vocab=vocabulary, merges=merges, model_max_length=MAX_TOKENS)


def new_scheduler() -> DPMSolverMultistepScheduler:
    return DPMSolverMultistepScheduler(
        num_train_timesteps=1000,
        beta_schedule="squaredcos_cap_v2",
        prediction_type="sample",
        timestep_spacing="trailing",
        steps_offset=1,
    )
