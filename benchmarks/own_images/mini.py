"""The mini data set: drawn birds in a CSV file with every column, so that the reader of real files reads them."""

from __future__ import annotations

import csv
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from provbench.registry import Progress
from provbench.registry.base import write_image, write_mask

from ..common import LAND, SPLITS, WATER, Split, bounding_box, compose, draw_background, draw_bird, ensure_generated
from .csv_file import COLUMNS

GENERATOR_VERSION = 1
"""Raise it when the same parameters would give other images: folders of older versions are then generated anew."""

LIST = "labels.csv"
SPECIES = {"cardinal": 0, "jay": 2, "parrot": 5}
"""Species of `common.drawing` by the names of the classes."""
PLACES = {"land": LAND, "water": WATER}
"""Backgrounds by the names of the groups."""


@dataclass(frozen=True)
class MiniSet:
    """Parameters that determine the mini set: images of each class in each split, and their side in pixels."""

    train: int = 60
    val: int = 20
    test: int = 40
    side: int = 64
    seed: int = 0

    def count(self, split: Split) -> int:
        return {"train": self.train, "val": self.val, "test": self.test}[split]


MINI = MiniSet()


def generate(root: Path, progress: Progress, mini: MiniSet = MINI) -> bool:
    """Have the mini set at `root`; True if it had to be generated. Raises as `ensure_generated`."""
    stamp: dict[str, Any] = {"generator": "images", "version": GENERATOR_VERSION, "parameters": asdict(mini)}
    return ensure_generated(root, stamp, lambda folder: write(folder, progress, mini))


def write(root: Path, progress: Progress, mini: MiniSet = MINI) -> None:
    """Write images, masks and the CSV file into the empty folder `root`.

    Each image is a function of the seed, the side, its split, its class and its number alone.
    """
    for folder in ("images", "masks"):
        (root / folder).mkdir(parents=True)
    wanted: list[tuple[Split, str, int]] = [
        (split, name, number) for split in SPLITS for name in SPECIES for number in range(mini.count(split))
    ]
    with (root / LIST).open("w", encoding="utf-8", newline="") as stream:
        table = csv.DictWriter(stream, list(map(str, COLUMNS)), lineterminator="\n")
        table.writeheader()
        for done, (split, name, number) in enumerate(wanted, start=1):
            table.writerow(_write_bird(root, split, name, number, mini))
            progress(done, len(wanted))


def _write_bird(root: Path, split: Split, name: str, number: int, mini: MiniSet) -> dict[str, str]:
    rng = np.random.default_rng([mini.seed, SPLITS.index(split), SPECIES[name], number])
    place = list(PLACES)[int(rng.integers(len(PLACES)))]
    background = draw_background(rng, str(rng.choice(PLACES[place])), mini.side)
    bird = draw_bird(rng, SPECIES[name], max(SPECIES.values()) + 1, mini.side, scale=1.2, plump=1.3)
    image, mask = compose(background, bird)
    stem = f"{name}_{split}_{number:03d}"
    write_image(root / "images" / f"{stem}.jpg", image)
    write_mask(root / "masks" / f"{stem}.png", mask)
    return {
        "file": f"images/{stem}.jpg",
        "label": name,
        "split": split,
        "group": place,
        "box": " ".join(map(str, bounding_box(mask))),
        "mask": f"masks/{stem}.png",
        "caption": f"a {name} near {place}",
    }
