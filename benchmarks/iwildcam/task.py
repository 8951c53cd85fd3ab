"""Classification of animals in camera traps, at two places that training did not see."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from provbench.registry import FULL, MINI, Progress, TaskInfo

from ..common import ACCURACY, ALIA_MINI, CLASS_ACCURACY, MACRO_F1, AliaRecipe, ImageRecord, ImageTask, Split
from . import data

if TYPE_CHECKING:
    from torch import Tensor

SIDE, TOP, HEIGHT = 448, 10, 400
"""ALIA resizes images to squares of this side, cuts `HEIGHT` rows out of them from row `TOP` on, which leaves out the
strips of text that cameras print, and resizes what is left to the network's input of 224 x 224 pixels."""


class IWildCam(ImageTask):
    """Tell six animals and none from each other in camera traps, in the splits of ALIA.

    Frames of one sequence are one cluster, so that intervals over test images draw whole sequences.
    Source: Beery et al., "The iWildCam 2020 Competition Dataset" (2020); Koh et al., "WILDS" (ICML 2021).
    """

    info = TaskInfo(
        title="iWildCam, seven classes",
        metrics=(ACCURACY, CLASS_ACCURACY, MACRO_F1),
        selection={"val": "macro F1", "val-accuracy": "accuracy"},
        licence="Community Data License Agreement, permissive, version 1.0 (images of LILA BC).",
        citation=(
            "Beery et al., The iWildCam 2020 Competition Dataset (2020); Koh et al., WILDS: A Benchmark of in-the-Wild "
            "Distribution Shifts (ICML 2021); splits: Dunlap et al., Diversify Your Vision Datasets with Automatic "
            "Diffusion-Based Augmentation (NeurIPS 2023)"
        ),
        homepage="https://github.com/lisadunlap/ALIA",
        splits={
            "train": "6,052 images of 15 cameras",
            "val": "2,826 images of 122 cameras, of which training has some",
            "test": "8,483 images of 2 other cameras",
        },
    )
    Params = AliaRecipe
    params: AliaRecipe
    variants = (FULL, MINI.having(**ALIA_MINI, image_size=48))
    folder = "iwildcam"
    probe = "cutmix"
    classes = data.CLASSES
    target = "the animal"

    def read_split(self, split: Split) -> Sequence[ImageRecord]:
        return data.records(self.root, split)

    def annotation_files(self) -> Sequence[Path]:
        return [data.csv_path(self.root, part) for part in ("train", "val", "test")]

    def generate(self, progress: Progress) -> None:
        from .mini import generate

        generate(self.root, progress)

    def data_problems(self, progress: Progress) -> list[str]:
        if self.generated:
            from .mini import MINI

            return data.verify(self.root, progress, counts=MINI.counts())
        return data.verify(self.root, progress)

    def where_to_get(self) -> str:
        return data.where_to_get(self.root)

    def orders(self) -> Mapping[str, Sequence[str]]:
        """ALIA numbers the training images as its CSV file lists them."""
        return {"alia": [record.id for record in self.official("train")]}

    @property
    def normalization(self) -> tuple[Sequence[float], Sequence[float]]:
        """Pixels stay between 0 and 1: ALIA does not normalise these images."""
        return (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)

    def before(self) -> Callable[[Tensor], Tensor]:
        return partial(without_strips, side=2 * self.params.image_size)


def without_strips(image: Tensor, side: int = SIDE) -> Tensor:
    """Returns an image or mask (C, H, W) resized to `side` x `side`, without the rows of the strips of text.

    Of 448 rows it keeps those from 10 to 409, of any other side the same share.
    """
    from torchvision.transforms.v2 import functional as geometry

    square = geometry.resize(image, [side, side], antialias=True)
    top, height = (round(value * side / SIDE) for value in (TOP, HEIGHT))
    return geometry.crop(square, top, 0, height, side)
