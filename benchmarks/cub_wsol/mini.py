"""The mini data set: drawn birds in the official layout, so that the reader of the real files reads them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from provbench.registry import Progress

from ..common import BACKGROUNDS, bounding_box, compose, draw_background, draw_bird, ensure_generated
from .data import ARCHIVE, SPLITS, Bird, Split

GENERATOR_VERSION = 1
"""Raise it when the same parameters would give other images: folders of older versions are then generated anew."""

SPECIES = (0, 7, 16, 23, 3, 24, 4, 11, 22, 1)
"""Species of `common.drawing`, by class. Every head is shared by two of them, and most wings are: no part is enough
alone, so that a classifier has to look at both ends of the bird.
"""


@dataclass(frozen=True)
class MiniSet:
    """Parameters that determine the mini set.

    species: number of classes, at most 10. train, val, test: images of each split. low, high: sides in pixels, uniform
    in between and independent of each other. scale, plump: of the birds; their boxes cover 30 % of the image, and
    CUB's 34 %. correlation: share of the training images whose background is their species' own; the other training
    images, and all of val and test, have any.
    """

    species: int = 10
    train: int = 1200
    val: int = 200
    test: int = 400
    low: int = 64
    high: int = 80
    scale: float = 1.3
    plump: float = 1.5
    correlation: float = 0.5
    seed: int = 0

    def __post_init__(self) -> None:
        if not 1 <= self.species <= len(SPECIES):
            raise ValueError(f"species must be in 1..{len(SPECIES)} (got {self.species})")

    def count(self, split: Split) -> int:
        return {"train": self.train, "val": self.val, "test": self.test}[split]


MINI = MiniSet()


def generate(root: Path, progress: Progress, mini: MiniSet = MINI) -> bool:
    """Have the mini set at `root`; True if it had to be generated. Raises as `ensure_generated`."""
    stamp: dict[str, Any] = {"generator": "cub-wsol", "version": GENERATOR_VERSION, "parameters": asdict(mini)}
    return ensure_generated(root, stamp, lambda folder: write(folder, progress, mini))


def write(root: Path, progress: Progress, mini: MiniSet = MINI) -> None:
    """Write images, outlines and annotation files into the empty folder `root`.

    Each image is a function of the parameters, its split and its number alone.
    """
    total, done = mini.train + mini.val + mini.test, 0
    written: dict[Split, list[Bird]] = {}
    for split in SPLITS:
        written[split] = []
        for number in range(mini.count(split)):
            written[split].append(_write_bird(root, split, number, mini))
            done += 1
            progress(done, total)
        _write_metadata(root / "metadata" / split, written[split])
    _write_archive(root / ARCHIVE, written, mini)


def species_name(species: int) -> str:
    """The class's folder, numbered from 1 as CUB's are."""
    return f"{species + 1:03d}.Mini_Bird_{species + 1}"


def _write_bird(root: Path, split: Split, number: int, mini: MiniSet) -> Bird:
    rng = np.random.default_rng([mini.seed, SPLITS.index(split), number])
    species = number % mini.species
    width, height = (int(side) for side in rng.integers(mini.low, mini.high + 1, 2))
    kind = int(rng.integers(len(BACKGROUNDS)))
    if split == "train" and rng.random() < mini.correlation:
        kind = species % len(BACKGROUNDS)
    size = (height, width)
    bird = draw_bird(rng, SPECIES[species], max(SPECIES) + 1, size, scale=mini.scale, plump=mini.plump)
    image, mask = compose(draw_background(rng, kind, size), bird)
    name = f"{species_name(species)}/Mini_Bird_{species + 1}_{number:04d}_{split}"
    folder = root / "CUBV2" if split == "val" else root / ARCHIVE / "images"
    _save(folder / f"{name}.jpg", image, quality=95, subsampling=0)
    if split != "val":
        _save(root / ARCHIVE / "segmentations" / f"{name}.png", np.where(mask, 255, 0).astype(np.uint8))
    return Bird(f"{name}.jpg", species, (width, height), (bounding_box(mask),))


def _write_metadata(folder: Path, birds: list[Bird]) -> None:
    """The four files of a split, as the WSOL evaluation has them."""
    _write_lines(folder / "image_ids.txt", [bird.id for bird in birds])
    _write_lines(folder / "class_labels.txt", [f"{bird.id},{bird.label}" for bird in birds])
    _write_lines(folder / "image_sizes.txt", [f"{bird.id},{bird.size[0]},{bird.size[1]}" for bird in birds])
    _write_lines(
        folder / "localization.txt", [",".join(map(str, (bird.id, *box))) for bird in birds for box in bird.boxes]
    )


def _write_archive(folder: Path, written: dict[Split, list[Bird]], mini: MiniSet) -> None:
    """CUB's own annotation files; images are numbered from 1 by their names."""
    birds = sorted([*written["train"], *written["test"]], key=lambda bird: bird.id)
    training = {bird.id for bird in written["train"]}
    numbered = list(enumerate(birds, start=1))
    _write_lines(folder / "classes.txt", [f"{species + 1} {species_name(species)}" for species in range(mini.species)])
    _write_lines(folder / "images.txt", [f"{number} {bird.id}" for number, bird in numbered])
    _write_lines(folder / "image_class_labels.txt", [f"{number} {bird.label + 1}" for number, bird in numbered])
    _write_lines(folder / "train_test_split.txt", [f"{number} {int(bird.id in training)}" for number, bird in numbered])
    corners = [(number, *bird.boxes[0]) for number, bird in numbered]
    _write_lines(
        folder / "bounding_boxes.txt",
        [f"{number} {x0:.1f} {y0:.1f} {x1 - x0:.1f} {y1 - y0:.1f}" for number, x0, y0, x1, y1 in corners],
    )


def _write_lines(path: Path, lines: list[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def _save(path: Path, image: np.ndarray, **options: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(image).save(path, **options)
