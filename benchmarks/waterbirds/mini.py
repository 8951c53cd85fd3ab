"""The mini data set: drawn birds in the official layout, so that the reader of the real files reads them."""

from __future__ import annotations

import csv
from dataclasses import asdict, dataclass
from itertools import count, islice
from pathlib import Path
from typing import Any

import numpy as np

from provbench.registry import Progress
from provbench.registry.base import write_image, write_mask

from ..common import LAND, PART_COLOURS, WATER, compose, draw_background, draw_bird, ensure_generated, species_traits
from .data import CLASSES, COLUMNS, SPLITS, Bird, Split, image_path, metadata_path, segmentation_path

GENERATOR_VERSION = 1
"""Raise it when the same parameters would give other images: folders of older versions are then generated anew."""

RED, YELLOW, BLUE, WHITE, BLACK, _, ORANGE = PART_COLOURS
HEADS = ((RED, YELLOW, ORANGE), (BLUE, WHITE, BLACK))
"""Colours of the head, by class: they alone distinguish landbirds from waterbirds. Other parts are each species' own;
the shapes of wing and beak, and the beak's colour, occur in both classes.
"""

SPECIES_PER_CLASS = 5
SPECIES = tuple(
    tuple(islice((species for species in count() if species_traits(species).head in heads), SPECIES_PER_CLASS))
    for heads in HEADS
)
"""Species of `common.drawing`, by class."""

BACKGROUNDS = (LAND, WATER)
"""Backgrounds, by place."""


@dataclass(frozen=True)
class MiniSet:
    """Parameters that determine the mini set.

    train, val, test: images of each split. waterbirds: their share of each split. correlation: share of each class's
    training images that lie at its own place; half of those of val and test do. side: of the images in pixels. scale:
    of the birds, which are about 40 to 65 % of the side long at 0.9.
    """

    train: int = 1200
    val: int = 300
    test: int = 600
    waterbirds: float = 1 / 3
    correlation: float = 0.95
    side: int = 64
    scale: float = 0.9
    seed: int = 0

    def counts(self, split: Split) -> tuple[int, ...]:
        """Images of each group, in the order of `data.GROUPS`."""
        total = {"train": self.train, "val": self.val, "test": self.test}[split]
        at_home = self.correlation if split == "train" else 0.5
        water = round(self.waterbirds * total)
        land_on_land, water_on_water = round(at_home * (total - water)), round(at_home * water)
        return land_on_land, total - water - land_on_land, water - water_on_water, water_on_water


MINI = MiniSet()


def generate(root: Path, progress: Progress, mini: MiniSet = MINI) -> bool:
    """Have the mini set at `root`; True if it had to be generated. Raises as `ensure_generated`."""
    stamp: dict[str, Any] = {"generator": "waterbirds", "version": GENERATOR_VERSION, "parameters": asdict(mini)}
    return ensure_generated(root, stamp, lambda folder: write(folder, progress, mini))


def write(root: Path, progress: Progress, mini: MiniSet = MINI) -> None:
    """Write images, outlines and the metadata file into the empty folder `root`.

    Each image is a function of the seed, the sizes, its split, class, number and place alone; its bird of all but the
    place, so that two sets of different correlation have the same birds.
    """
    birds: list[tuple[Bird, Split, int]] = [
        (bird, split, number) for split in SPLITS for bird, number in birds_of(split, mini)
    ]
    birds.sort(key=lambda row: row[0].id)
    path = metadata_path(root)
    path.parent.mkdir(parents=True)
    with path.open("w", encoding="utf-8", newline="") as stream:
        table = csv.writer(stream, lineterminator="\n")
        table.writerow(COLUMNS)
        for done, (bird, split, number) in enumerate(birds, start=1):
            kind = _write_bird(root, bird, split, number, mini)
            table.writerow([done, bird.id, bird.label, SPLITS.index(split), bird.place, f"/{kind}"])
            progress(done, len(birds))


def birds_of(split: Split, mini: MiniSet) -> list[tuple[Bird, int]]:
    """The birds of a split, each with its number within its class: those at the class's own place come first."""
    counts = np.reshape(mini.counts(split), (len(CLASSES), len(BACKGROUNDS)))
    birds = []
    for label in range(len(CLASSES)):
        places = [label] * counts[label, label] + [1 - label] * counts[label, 1 - label]
        birds += [(Bird(_name(label, number, split), label, place), number) for number, place in enumerate(places)]
    return birds


def _name(label: int, number: int, split: Split) -> str:
    """The image's path, in a folder of its species as in CUB."""
    species = number % SPECIES_PER_CLASS
    stem = f"Mini_{CLASSES[label].capitalize()}_{species + 1}"
    return f"{SPECIES_PER_CLASS * label + species + 1:03d}.{stem}/{stem}_{split}_{number:04d}.jpg"


def _write_bird(root: Path, bird: Bird, split: Split, number: int, mini: MiniSet) -> str:
    """Draw and save one image and its outline; the kind of its background."""
    rng = np.random.default_rng([mini.seed, SPLITS.index(split), bird.label, number])
    species, kinds = SPECIES[bird.label][number % SPECIES_PER_CLASS], BACKGROUNDS[bird.place]
    drawn = draw_bird(rng, species, species + 1, mini.side, scale=mini.scale)
    kind = kinds[rng.integers(len(kinds))]
    image, outline = compose(draw_background(rng, kind, mini.side), drawn)
    for path in (image_path(root, bird), segmentation_path(root, bird)):
        path.parent.mkdir(parents=True, exist_ok=True)
    write_image(image_path(root, bird), image)
    write_mask(segmentation_path(root, bird), outline)
    return kind
