"""The small generator of the drawn world, which ships with provbench."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from ...base import Pretrained, Shipped, UserError
from ...contracts import TrainingSet
from ...params import Params
from ..digests import digest
from ..seams import Generator, Pipeline

SIDE = 32


class MiniDiffusionParams(Params):
    folder: str | None = Field(
        None, min_length=1, description="path of other weights, made by tools.pretraining.mini_diffusion; null: shipped"
    )


class MiniDiffusion(Generator):
    """Generate images of 32 pixels with a diffusion model that runs on a CPU.

    It knows parts, poses and backgrounds of the drawn world of `benchmarks.common.mini_birds`, and not the few-shot
    species of that world. It has the form of Stable Diffusion: a U-Net with cross-attention to a text encoder like
    CLIP's; its autoencoder only folds squares of two pixels into channels. The model card is in
    `registry/generation/mini/weights/README.md`.
    """

    Params = MiniDiffusionParams
    params: MiniDiffusionParams

    @property
    def identity(self) -> str:
        return f"mini-diffusion@{self._digest()[:12]}"

    @property
    def size(self) -> int:
        return SIDE

    @property
    def seconds_per_step(self) -> float:
        """Returns seconds of a CPU core."""
        return 0.008

    def weights(self, weights_dir: Path | None) -> list[Pretrained]:
        return [Shipped("mini-diffusion", self._folder)]

    def missing_inputs(self, data: TrainingSet) -> list[str]:
        from ..mini import check_files

        try:
            check_files(self._folder)
        except UserError as error:
            return [str(error)]
        return []

    def fingerprint(self, data: TrainingSet) -> str:
        return self._digest()

    @property
    def licence(self) -> str:
        return "Apache-2.0"

    def load(self, *, training: bool = False) -> Pipeline:
        from ..devices import device
        from ..mini import load_pipeline

        return load_pipeline(self._folder).to(device())

    @property
    def _folder(self) -> Path:
        from ..mini import WEIGHTS

        return Path(self.params.folder) if self.params.folder else WEIGHTS

    def _digest(self) -> str:
        from ..mini import weights_digests

        return digest(weights_digests(self._folder))
