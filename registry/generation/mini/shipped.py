"""Reads the weights that ship with provbench, or others of the same form, as a pipeline of diffusers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ...base import MissingDataError, UserError, content_digest

WEIGHTS = Path(__file__).with_name("weights")
SHA256 = {
    "scheduler/scheduler_config.json": "0046976f6eac532706e5f9172d4a982e9b044d6aaac62513d5543f40be9c9c74",
    "text_encoder/config.json": "360aad58f0ef27cf7adc8b9f5c049ab8aa0ad0585099453c1eb615987f00fa5f",
    "text_encoder/model.safetensors": "663b9a62fdcc97faae27c41b201eccfa2bbd598ada73c6f4077bd8420c10443f",
    "tokenizer/tokenizer.json": "0ffc00a792b821a3d3d954f39623dbb680465873c625b5b2f9530ad3acebe7d6",
    "tokenizer/tokenizer_config.json": "650fd8b6a5994df6e1d182e97f129da876f73835d87c3017fb0fddcd39e1134c",
    "unet/config.json": "288253c14252266902e16bca90b205babb67838533ed45f44198c0cb4dbcea31",
    "unet/diffusion_pytorch_model.safetensors": "0d129df3e5864162ec7bf601f34c2627c55d863098635a4a1bda18e97206ba69",
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
