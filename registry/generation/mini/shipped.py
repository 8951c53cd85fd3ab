"""Reads the weights that ship with provbench, or others of the same form, as a pipeline of diffusers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ...base import MissingDataError, UserError, content_digest

WEIGHTS = Path(__file__).with_name("weights")
SHA256 = {
    "scheduler/scheduler_config.json": "0046976f6eac532706e5f9172d4a982e9b044d6aaac62513d5543f40be9c9c74",
    "text_encoder/config.json": "c92090939aa707bd3e09c9b1efb8b96be032b5f6690efb8df784ba0056431b0e",
    "text_encoder/model.safetensors": "f4cd273c0076f6527040a4c7e22838e55ef818626b65f08804764799657f743b",
    "tokenizer/tokenizer.json": "f362745d22429cd18a0abb7dad06a458106af5729b8322e2133455379dd2746d",
    "tokenizer/tokenizer_config.json": "650fd8b6a5994df6e1d182e97f129da876f73835d87c3017fb0fddcd39e1134c",
    "unet/config.json": "288253c14252266902e16bca90b205babb67838533ed45f44198c0cb4dbcea31",
    "unet/diffusion_pytorch_model.safetensors": "ec37d2733ded0c36edfbf9c78f8212ee5260e0920fe5568bf33d38dee0774a61",
}
"""Digests of the files that ship, which `provbench.tools.pretraining.mini_diffusion` makes again."""


def load_pipeline(folder: Path = WEIGHTS) -> Any:
    """Returns the model in a folder as a pipeline, in FP32, on the CPU.

    Raises `MissingDataError` naming a file that is not there, and `UserError` naming one that is damaged.
    """
    from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
    from diffusers.pipelines.stable_diffusion.pipeline_stable_diffusion import StableDiffusionPipeline
    from diffusers.schedulers.scheduling_dpmsolver_multistep import DPMSolverMultistepScheduler
    from torch import float32
    from transformers import CLIPTextModel, CLIPTokenizer

    from ..quiet import quiet
    from .folding import Folding

    check_files(folder)
    try:
        with quiet():
            pipeline = StableDiffusionPipeline(
                vae=Folding(),  # pyright: ignore[reportArgumentType]
                text_encoder=_read(CLIPTextModel, folder / "text_encoder", dtype=float32),
                tokenizer=_read(CLIPTokenizer, folder / "tokenizer"),
                unet=_read(UNet2DConditionModel, folder / "unet", torch_dtype=float32),
                scheduler=_read(DPMSolverMultistepScheduler, folder / "scheduler"),
                safety_checker=None,  # pyright: ignore[reportArgumentType]
                feature_extractor=None,  # pyright: ignore[reportArgumentType]
                requires_safety_checker=False,
            )
    except (OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
        raise UserError(f"{folder}: cannot be read as the weights of mini-diffusion ({error})") from error
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def check_files(folder: Path = WEIGHTS) -> None:
    """Raises as `load_pipeline`, for files that are missing, and for those that ship and have other contents."""
    for name, expected in SHA256.items():
        file = folder / name
        if not file.is_file():
            raise MissingDataError(f"{file}: no such file. {_remedy(folder)}")
        if folder == WEIGHTS and (found := content_digest(file)) != expected:
            raise UserError(f"{file}: its SHA-256 must be {expected} (got {found}): {_remedy(folder)}")


def weights_digests(folder: Path = WEIGHTS) -> dict[str, str]:
    """Returns the SHA-256 of each file of a model. Raises `MissingDataError` naming a file that is not there."""
    return SHA256 if folder == WEIGHTS else {name: content_digest(folder / name) for name in SHA256}


def _remedy(folder: Path) -> str:
    if folder == WEIGHTS:
        return "Install provbench again."
    return f"Make it by `python -m provbench.tools.pretraining.mini_diffusion {folder}`."


def _read(kind: Any, folder: Path, **options: Any) -> Any:
    return kind.from_pretrained(folder, local_files_only=True, **options)
