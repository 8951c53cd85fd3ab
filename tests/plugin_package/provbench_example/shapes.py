"""Shapes: a task on a folder of images, `<data root>/shapes/<split>/<class>/*.png`."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw
from pydantic import Field

from provbench.benchmarks.common import (
    ACCURACY,
    CLASS_ACCURACY,
    SPLITS,
    ImageRecipe,
    ImageRecord,
    ImageTask,
    Split,
    ensure_generated,
    folder_records,
)
from provbench.registry import FULL, MINI, Progress, TaskInfo, Variant

DRAWN = {"train": 24, "val": 8, "test": 12}
"""Images of each class in the splits of the mini variant."""
TINY = {"model": "stripes-net", "weights": None, "image_size": 16, "epochs": 3}
"""The recipe of small variants."""


class ShapesParams(ImageRecipe):
    model: str = Field("resnet50", description="registered model name")
    weights: str | None = Field("IMAGENET1K_V1", description="torchvision's name of pretrained weights; null: random")


class Shapes(ImageTask):
    """Tell circles from squares."""

    version = "1"
    info = TaskInfo(
        title="Shapes",
        metrics=(ACCURACY, CLASS_ACCURACY),
        selection={"val": "accuracy"},
        licence="CC0",
        citation="none",
        homepage="https://example.org/shapes",
        splits={split: f"the images in the folder {split}" for split in SPLITS},
    )
    Params = ShapesParams
    variants = (FULL, MINI.having(**TINY), Variant("subset", TINY, banner="every third training image"))
    folder = "shapes"
    classes = ("circle", "square")

    def where_to_get(self) -> str:
        return f"Get shapes.zip from https://example.org/shapes and unpack it under {self.root}."

    def read_split(self, split: Split) -> Sequence[ImageRecord]:
        return folder_records(self.root, split, self.classes, self.where_to_get())

    def choose(self, split: Split, official: Sequence[ImageRecord]) -> Sequence[ImageRecord]:
        return official[::3] if (split, self.variant) == ("train", "subset") else official

    def generate(self, progress: Progress) -> None:
        stamp = {"generator": "shapes", "version": 1, "images": DRAWN}
        ensure_generated(self.root, stamp, lambda folder: draw(folder, progress))


def draw(folder: Path, progress: Progress) -> None:
    """Writes the mini variant; every image is a function of its split, class and number."""
    for done, split in enumerate(SPLITS, start=1):
        for label, name in enumerate(Shapes.classes):
            (folder / split / name).mkdir(parents=True)
            for number in range(DRAWN[split]):
                rng = np.random.default_rng([done, label, number])
                image = Image.fromarray(rng.integers(0, 80, (20, 20, 3), dtype=np.uint8))
                pen, (x, y) = ImageDraw.Draw(image), rng.integers(1, 8, 2).tolist()
                (pen.rectangle if name == "square" else pen.ellipse)((x, y, x + 10, y + 10), fill="white")
                image.save(folder / split / name / f"{number:03d}.png")
        progress(done, len(SPLITS))
