"""Reader of the official Waterbirds layout, and the two protocols that its splits are used in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

from provbench.registry import Progress
from provbench.registry.base import MissingDataError, UserError

from ..common import SPLITS, AnnotationLine, ImageRecord, Split, image_problems, read_table
from .alia_order import STEP, alia_numbering

ARCHIVE = "waterbird_complete95_forest2water2"
SEGMENTATIONS = "segmentations"
CLASSES = ("landbird", "waterbird")
PLACES = ("land", "water")
GROUPS = tuple(f"{bird}|{place}" for bird in CLASSES for place in PLACES)
"""Names by group number, 2 · label + place."""

COLUMNS = ("img_id", "img_filename", "y", "split", "place", "place_filename")
COUNTS: Mapping[Split, tuple[int, ...]] = {
    "train": (3498, 184, 56, 1057),
    "val": (467, 466, 133, 133),
    "test": (2255, 2255, 642, 642),
}
"""Images of each group in the official splits."""

Protocol = Literal["original", "alia", "alia-seed-0"]
PROTOCOLS: Mapping[Protocol, str] = {
    "original": "the official splits, whose training split has some images of the minority groups",
    "alia": "no minority groups in training and validation, and every fourth image of the others to train on",
    "alia-seed-0": "as alia, with the training images that ALIA's code draws for its seed 0",
}


@dataclass(frozen=True)
class Bird:
    """One image: a bird of a class at a place. id: the image's path under the archive's folder."""

    id: str
    label: int
    place: int

    @property
    def group(self) -> int:
        return len(PLACES) * self.label + self.place

    @property
    def majority(self) -> bool:
        """Returns whether the place is the usual one of its class."""
        return self.label == self.place


@dataclass(frozen=True)
class Birds:
    """The images of a protocol. extra: real images of the minority groups that the protocol leaves out."""

    train: tuple[Bird, ...]
    val: tuple[Bird, ...]
    test: tuple[Bird, ...]
    extra: tuple[Bird, ...] = ()


def read_birds(root: Path, protocol: Protocol) -> Birds:
    """The images of `root`'s metadata file as a protocol uses them, in the file's order. Raises as `read_metadata`."""
    return apply_protocol(read_metadata(root), protocol)


def apply_protocol(official: Mapping[Split, tuple[Bird, ...]], protocol: Protocol) -> Birds:
    """`original`: the official splits. `alia`, `alia-seed-0`: training and validation without the minority groups.

    alia: train is every fourth image of the official training split's two majority groups (1,139 of 4,555), val the
    official validation split's majority groups (600), test the official test split; extra the minority groups of the
    first two (839). Source: Dunlap et al., "Diversify Your Vision Datasets with Automatic Diffusion-Based Augmentation"
    (NeurIPS 2023), reference implementation lisadunlap/ALIA. That one shuffles the images within each species before it
    takes every fourth, with a generator that its training seed seeds; here the file's order decides, which is by
    species too, so that the set has the same make-up and does not change with the seed. alia-seed-0: the reference
    implementation's own 1,139 images for its seed 0, in its order, of which 279 are those of alia.
    """
    if protocol == "original":
        return Birds(official["train"], official["val"], official["test"])
    train, val = ([bird for bird in official[split] if bird.majority] for split in ("train", "val"))
    extra = [bird for split in ("train", "val") for bird in official[split] if not bird.majority]
    own = alia_training_set(official) if protocol == "alia-seed-0" else tuple(train[::STEP])
    return Birds(own, tuple(val), official["test"], tuple(extra))


def alia_training_set(official: Mapping[Split, tuple[Bird, ...]]) -> tuple[Bird, ...]:
    """The training images that ALIA's code draws for its seed 0, as it numbers them."""
    birds = {bird.id: bird for bird in official["train"] if bird.majority}
    return tuple(birds[name] for name in alia_numbering(birds))


def read_metadata(root: Path) -> dict[Split, tuple[Bird, ...]]:
    """Every image by its official split, in the file's order.

    Raises `MissingDataError` that says where to get the archive, and `UserError` with file and line for a value that
    cannot be right, an image listed twice, or a split without images.
    """
    path = metadata_path(root)
    if not path.is_file():
        raise MissingDataError(f"{path}: no such file.\n{where_to_get(root)}")
    birds: dict[Split, list[Bird]] = {split: [] for split in SPLITS}
    seen: dict[str, AnnotationLine] = {}
    for line in read_table(path, ("img_filename", "y", "split", "place")):
        bird = Bird(_filename(line), line.integer("y", 0, 1), line.integer("place", 0, 1))
        if bird.id in seen:
            raise line.error(f"img_filename must be listed once, and is on line {seen[bird.id].number} too", bird.id)
        seen[bird.id] = line
        birds[SPLITS[line.integer("split", 0, len(SPLITS) - 1)]].append(bird)
    for number, split in enumerate(SPLITS):
        if not birds[split]:
            raise UserError(f"{path}: no image has split {number} ({split}): unpack the archive again")
    return {split: tuple(members) for split, members in birds.items()}


def metadata_path(root: Path) -> Path:
    return root / ARCHIVE / "metadata.csv"


def image_path(root: Path, bird: Bird) -> Path:
    return root / ARCHIVE / bird.id


def segmentation_path(root: Path, bird: Bird) -> Path:
    """The bird's outline: CUB's own, since the composites are of their CUB image's size."""
    return root / SEGMENTATIONS / PurePosixPath(bird.id).with_suffix(".png")


def group_counts(birds: Iterable[Bird]) -> tuple[int, ...]:
    """Images of each group, in the order of `GROUPS`."""
    counts = Counter(bird.group for bird in birds)
    return tuple(counts[group] for group in range(len(GROUPS)))


def records(root: Path, birds: Iterable[Bird]) -> list[ImageRecord]:
    """Returns the birds as records, with their outlines where the data set has them."""
    outlined = (root / SEGMENTATIONS).is_dir()
    return [
        ImageRecord(
            id=bird.id,
            path=image_path(root, bird),
            label=bird.label,
            segmentation=segmentation_path(root, bird) if outlined else None,
            group=bird.group,
        )
        for bird in birds
    ]


def verify(root: Path, progress: Progress, *, counts: Mapping[Split, tuple[int, ...]] = COUNTS) -> list[str]:
    """Read every file; what is wrong, one line each.

    Looks at the number of images of each group, at every image, and, where there are outlines, at each one's size.
    """
    try:
        splits = read_metadata(root)
    except UserError as error:
        return [str(error)]
    problems = []
    for split, birds in splits.items():
        for group, expected, found in zip(GROUPS, counts[split], group_counts(birds), strict=True):
            if found != expected:
                problems.append(
                    f"{metadata_path(root)}: expected {expected} images of {group} in {split} (got {found})"
                )
    return problems + image_problems(records(root, (bird for birds in splits.values() for bird in birds)), progress)


def where_to_get(root: Path) -> str:
    return (
        f"Get the official archive {ARCHIVE}.tar.gz (0.5 GB; linked in the README of github.com/kohpangwei/group_DRO, "
        f"section Waterbirds) and unpack it under {root}, so that {metadata_path(root)} exists. WILDS distributes the "
        "same images, but its host has been unreachable."
    )


def where_to_get_segmentations(root: Path) -> str:
    return (
        "Synthesizers that need the bird's outline use CUB's own: get segmentations.tgz (37 MB; Caltech's data "
        f"repository, record CUB-200-2011, DOI 10.22002/D1.20098) and unpack it to {root / SEGMENTATIONS}."
    )


def _filename(line: AnnotationLine) -> str:
    name = line["img_filename"]
    path = PurePosixPath(name)
    if not name or path.is_absolute() or ".." in path.parts:
        raise line.error(f"img_filename must be a path inside {ARCHIVE}", name)
    return path.as_posix()
