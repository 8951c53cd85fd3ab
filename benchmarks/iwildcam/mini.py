"""The mini data set: drawn camera traps in ALIA's layout, so that the reader of the real files reads them."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from provbench.registry import Progress
from provbench.registry.base import write_image

from ..common import BACKGROUNDS, compose, draw_background, draw_bird, ensure_generated
from .data import ARCHIVE, CLASSES, COLUMNS, FILES, NUMBERS, Part, Shot, csv_path, image_path

GENERATOR_VERSION = 1
"""Raise it when the same parameters would give other images: folders of older versions are then generated anew."""

FRAMES = 3
"""Frames of a sequence, at most: one camera, one class, one after the other."""
CAMERAS: Mapping[Part, tuple[int, ...]] = {
    "train": (0, 1, 2, 3, 4, 5),
    "val": (0, 2, 4, 6, 7),
    "test": (8, 9),
    "extra": (10, 11, 12),
}
"""Cameras of each file. Those of test occur nowhere else; those of val in part, as in ALIA's files."""
AT_HOME = 0.7
"""Share of the training images of a class that its own camera takes: what a classifier may learn instead."""


@dataclass(frozen=True)
class MiniSet:
    """Parameters that determine the mini set: the images of each class in each file, and their height in pixels."""

    train: int = 60
    val: int = 20
    test: int = 40
    extra: int = 15
    height: int = 64
    seed: int = 0

    def counts(self) -> dict[Part, tuple[int, ...]]:
        """Returns the images of each class by file; there are half as many of elephants and giraffes to train on."""
        rare = tuple(self.train // 2 if name in ("elephants", "giraffes") else self.train for name in CLASSES)
        each: dict[Part, int] = {"val": self.val, "test": self.test, "extra": self.extra}
        return {"train": rare, **{part: (count,) * len(CLASSES) for part, count in each.items()}}


MINI = MiniSet()


def generate(root: Path, progress: Progress, mini: MiniSet = MINI) -> bool:
    """Have the mini set at `root`; True if it had to be generated. Raises as `ensure_generated`."""
    stamp: dict[str, Any] = {"generator": "iwildcam", "version": GENERATOR_VERSION, "parameters": asdict(mini)}
    return ensure_generated(root, stamp, lambda folder: write(folder, progress, mini))


def write(root: Path, progress: Progress, mini: MiniSet = MINI) -> None:
    """Write images and CSV files into the empty folder `root`."""
    (root / ARCHIVE / "train").mkdir(parents=True)
    total, done = sum(map(sum, mini.counts().values())), 0
    for part in FILES:
        with csv_path(root, part).open("w", encoding="utf-8", newline="") as stream:
            table = csv.writer(stream, lineterminator="\n")
            table.writerow([*COLUMNS, "filename", "image_id"])
            for number, shot in enumerate(_shots(part, mini)):
                draw(image_path(root, shot), shot, [mini.seed, list(FILES).index(part), number], mini.height)
                table.writerow(_row(part, shot, number))
                done += 1
                progress(done, total)


def draw(path: Path, shot: Shot, seed: list[int], height: int) -> None:
    """Draw one image, four thirds as wide as high: the camera's place, the class's animal in it (class 0: none), and
    the strips of text that cameras print above and below.
    """
    rng = np.random.default_rng(seed)
    size = (height, 4 * height // 3)
    camera = np.random.default_rng([77, int(shot.location)])
    image = draw_background(camera, BACKGROUNDS[int(shot.location) % len(BACKGROUNDS)], size)
    if shot.label:
        image, _ = compose(image, draw_bird(rng, shot.label, len(CLASSES), size, scale=0.9))
    light = rng.uniform(0.6, 1.1) + rng.normal(0, 0.02, (*size, 1))
    image = np.clip(image * light, 0, 255).astype(np.uint8)
    strip = max(1, height // 64), max(2, height // 16)
    image[: strip[0]], image[-strip[1] :] = 0, 0
    image[-strip[1] :, : 4 * (1 + int(shot.location)) : 2] = 255
    write_image(path, image)


def _shots(part: Part, mini: MiniSet) -> Iterator[Shot]:
    """Yields the images of a file, class by class, in sequences of one camera."""
    cameras = CAMERAS[part]
    for label, count in enumerate(mini.counts()[part]):
        for number in range(count):
            burst = number // FRAMES
            rng = np.random.default_rng([mini.seed, list(FILES).index(part), label, burst])
            at_home = part == "train" and rng.random() < AT_HOME
            camera = cameras[label % len(cameras)] if at_home else cameras[int(rng.integers(len(cameras)))]
            yield Shot(f"{part}-{label}-{number:04d}.jpg", label, str(camera), f"{part}-{label}-{burst:04d}")


def _row(part: Part, shot: Shot, number: int) -> list[object]:
    """A line of the CSV file, in the order of `COLUMNS`."""
    name, moment = {"val": "id_test", "extra": "test"}.get(part, part), f"2013-01-01 {number % 24:02d}:00:00.000"
    y, where = NUMBERS[shot.label], shot.location
    return [name, where, where, number // FRAMES, shot.sequence, y, y, moment, shot.id, Path(shot.id).stem]
