"""Low-rank adapters of the U-Net and the text encoder."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from ...contracts import TrainingSet
from ..adapters import LORA_FOLDER
from ..schedule import TuningParams, state_file
from ..seams import Adapter, Generator, Progress, Tuner, Tuning
from .units import dirichlet, fused, images_of

if TYPE_CHECKING:
    from ..trainable import Trainable

Per = Literal["dataset", "class", "image", "shared-A"]


class LoraParams(TuningParams):
    per: Per = Field(
        "dataset",
        description="what has weights of its own: all images together, each class, each image, or each image with its "
        "class's down-projection A in common",
    )
    rank: int = Field(16, ge=1, description="rank of the matrices")
    alpha: float | None = Field(None, gt=0, description="scale of the matrices times the rank; null: the rank")
    text_encoder: bool = Field(True, description="whether the text encoder is tuned, too")
    fuse: int = Field(2, ge=1, description="of adapters per image: how many of a class are used together")
    fuse_weight: float = Field(0.5, gt=0, description="weight of each of them")
    dirichlet: float = Field(1.0, gt=0, description="of shared-A: concentration of the random weights of a class's B")


class Lora(Tuner):
    """Train low-rank matrices beside the attention layers, with the noise-prediction loss alone.

    All images share one adapter (`per: dataset`: DataDream's "dset", and BOB), or every class has its own (DataDream's
    "cls"), or every image (LoFT), of which `fuse` random ones of the class generate an image together. With
    `shared-A`, the images of a class share A and have a B each, whose mean with random Dirichlet weights generates an
    image (ChimeraLoRA). Files are as diffusers writes them, and can be loaded by `load_lora_weights` anywhere.

    Sources: Hu et al., "LoRA" (ICLR 2022); Kim et al., "DataDream" (ECCV 2024); Yang et al., "Beyond Objects" (CVPR
    2026), whose code has rank and alpha 16, Gaussian initialisation, AdamW with 1e-4, 100 warm-up steps and a cosine,
    400 epochs of batches of 8, random crops, no flips. LoFT has rank 2, 1e-3, 600 epochs of batches of 1, central
    crops, the U-Net alone, and two adapters of weight 0.5.
    """

    Params = LoraParams
    params: LoraParams

    def units(self, data: TrainingSet) -> int:
        return {"dataset": 1, "image": len(data)}.get(self.params.per, data.num_classes)

    def steps(self, data: TrainingSet) -> int:
        return sum(
            self.params.steps_for(len(images_of(data, self.params.per, unit))) for unit in range(self.units(data))
        )

    def tune(self, generator: Generator, tuning: Tuning, unit: int, progress: Progress) -> None:
        indices = images_of(tuning.data, self.params.per, unit)
        files = {index: tuning.folder / name for index, name in self._adapters(tuning.data, unit).items()}
        if indices and not all(file.is_file() for file in files.values()):
            from ..training import Examples, load_to_train, train

            pipeline = load_to_train(generator)
            examples = Examples(tuning, indices, self.params, generator.size)
            parts = [*self.parts(pipeline, tuning, files, examples.seed)]
            train(pipeline, parts, examples, self.params, state_file(tuning, self.params.per, unit), progress)
            for part in parts:
                part.save()
            state_file(tuning, self.params.per, unit).unlink(missing_ok=True)

    def parts(self, pipeline: Any, tuning: Tuning, files: Mapping[int | None, Path], seed: int) -> Iterator[Trainable]:
        """Yields what is trained. files: of the adapters, by the sample that trains each, or None for all."""
        from ..trainable import LowRank

        alpha = self.params.alpha or self.params.rank
        yield LowRank(pipeline, files, self.params.rank, alpha, self.params.text_encoder, seed)

    def _adapters(self, data: TrainingSet, unit: int) -> dict[int | None, str]:
        """Returns the files that a unit writes: one, or with `shared-A` one for each image of the class."""
        if self.params.per != "shared-A":
            return {None: self._files(data, unit)[0]}
        return dict(zip(images_of(data, "class", unit), self._files(data, unit), strict=True))

    def _files(self, data: TrainingSet, unit: int) -> list[str]:
        """Returns the names of a unit's files."""
        if self.params.per == "shared-A":
            return [f"{LORA_FOLDER}/image-{index:06d}.safetensors" for index in images_of(data, "class", unit)]
        number = {"dataset": "", "class": f"-{unit:05d}", "image": f"-{unit:06d}"}[self.params.per]
        return [f"{LORA_FOLDER}/{self.params.per}{number}.safetensors"]

    def adapter(self, data: TrainingSet, label: int, copy: int, seed: int) -> Adapter:
        if self.params.per == "dataset":
            return Adapter(tuple(self._files(data, 0)), (1.0,))
        if self.params.per == "class":
            return Adapter(tuple(self._files(data, label)), (1.0,))
        own = images_of(data, "class", label)
        if self.params.per == "shared-A":
            return Adapter(
                tuple(self._files(data, label)), dirichlet(len(own), self.params.dirichlet, seed, label, copy)
            )
        chosen = fused(own, self.params.fuse, seed, label, copy)
        weights = (self.params.fuse_weight,) * len(chosen) if len(chosen) > 1 else (1.0,)
        return Adapter(tuple(name for index in chosen for name in self._files(data, index)), weights)
