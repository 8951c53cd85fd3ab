"""Generated data sets in an official layout: drawn birds of ten species, with phrases for what surrounds them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path

from provbench.registry import Progress

from ..common import CAPTIONS, FEW_SHOT, ensure_generated, few_shot_drawing, write_captions
from .layout import PARTS, Layout, Part, Picture

GENERATOR_VERSION = 1
"""Raise it when the same parameters would give other images: folders of older versions are then generated anew."""


@dataclass(frozen=True)
class MiniSet:
    """Parameters that determine a generated set.

    train, test: images of each species. at_home: share of the training images that show a species over its own
    background and in its own pose; in the test part both are independent of the species. side: of the images in pixels.
    """

    train: int = 40
    test: int = 30
    at_home: float = 0.8
    side: int = 32
    seed: int = 0


MINI = MiniSet()
MINI_CLASSES = len(FEW_SHOT)


def generate(root: Path, layout: Layout, progress: Progress, mini: MiniSet = MINI) -> bool:
    """Have the generated set of a layout at `root`; True if it had to be generated. Raises as `ensure_generated`.

    Tasks that share a folder share the set.
    """
    name = type(layout).__name__.lower()
    stamp = {"generator": f"layouts/{name}", "version": GENERATOR_VERSION, "parameters": asdict(mini)}
    return ensure_generated(root, stamp, lambda folder: write(folder, layout, progress, mini))


def write(root: Path, layout: Layout, progress: Progress, mini: MiniSet = MINI) -> None:
    """Writes the set into the empty folder `root`, and beside it the phrases for each image in `captions.tsv`."""
    captions: list[dict[str, str]] = []
    ids = layout.write(root, [species.name for species in FEW_SHOT], _pictures(layout, progress, mini, captions))
    write_captions(root / CAPTIONS, dict(zip(ids, captions, strict=True)))


def _pictures(layout: Layout, progress: Progress, mini: MiniSet, captions: list[dict[str, str]]) -> Iterator[Picture]:
    """Yields the pictures, species by species; the phrases for each are added to `captions`."""
    each = [part for part in PARTS for _ in range(mini.train if part == "train" else mini.test)]
    labels, wanted = zip(*product(range(MINI_CLASSES), each), strict=True)
    counts: dict[tuple[int, Part], int] = {}
    for done, (label, part) in enumerate(zip(labels, layout.parts(labels, wanted), strict=True), start=1):
        number = counts.get((label, part), 0)
        counts[label, part] = number + 1
        at_home = mini.at_home if part == "train" else 0.0
        drawn = few_shot_drawing(label, number, stream=(mini.seed, PARTS.index(part)), at_home=at_home, side=mini.side)
        captions.append({"background": drawn.background, "pose": drawn.pose})
        yield Picture(part, label, drawn.image, drawn.mask)
        progress(done, len(labels))
