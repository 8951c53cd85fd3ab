"""Reader of the official Waterbirds layout, and the two protocols that its splits are used in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

from provbench.registry import Progress
from provbench.registry.base import MissingDataError, UserError, leads_out

from ..common import SPLITS, AnnotationLine, ImageRecord, Split, image_problems, read_table
from .alia_order import STEP, alia_numbering

ARCHIVE = "waterbird_complete95_forest2water2"
GALS_ARCHIVE = "waterbird_1.0_forest2water2"
"""The folder of GALS's images: made by the same program, with every training image on its class's own background."""
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
GALS_COUNTS: Mapping[Split, tuple[int, ...]] = {"train": (3694, 0, 0, 1101)}
"""Images of each group in GALS's archive, as far as they are published."""

Protocol = Literal["original", "alia", "alia-seed-0", "gals"]
PROTOCOLS: Mapping[Protocol, str] = {
    "original": "Waterbirds-95 %: the official splits, whose training split has some images of the minority groups",
    "alia": "ALIA's: no minority groups in training and validation, and every fourth image of the others to train on",
    "alia-seed-0": "ALIA's: as alia, with the training images that ALIA's code draws for its seed 0",
    "gals": "Waterbirds-100 %: the splits of the archive that GALS uses, whose training split has no minority groups",
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


def archive_of(protocol: Protocol) -> str:
    """Returns the folder of the archive that a protocol reads."""
    return GALS_ARCHIVE if protocol == "gals" else ARCHIVE


def require_official_archive(protocol: Protocol) -> None:
    """Raises `UserError` for a protocol on another archive than the official one, whose layout generated data have."""
    if archive_of(protocol) != ARCHIVE:
        others = ", ".join(name for name in PROTOCOLS if archive_of(name) == ARCHIVE)
        raise UserError(f"protocol: {protocol} has no generated data; those are in the layout of {others}")


def read_birds(root: Path, protocol: Protocol) -> Birds:
    """The images of a protocol's metadata file as it uses them, in the file's order. Raises as `read_metadata`."""
    return apply_protocol(read_metadata(root, archive_of(protocol)), protocol)


def apply_protocol(official: Mapping[Split, tuple[Bird, ...]], protocol: Protocol) -> Birds:
    """`original`, `gals`: the official splits of their archives. `alia`, `alia-seed-0`: without the minority groups in
    training and validation.

    alia: train is every fourth image of the official training split's two majority groups (1,139 of 4,555), val the
    official validation split's majority groups (600), test the official test split; extra the minority groups of the
    first two (839). Source: Dunlap et al., "Diversify Your Vision Datasets with Automatic Diffusion-Based Augmentation"
    (NeurIPS 2023), reference implementation lisadunlap/ALIA. That one shuffles the images within each species before it
    takes every fourth, with a generator that its training seed seeds; here the file's order decides, which is by
    species too, so that the set has the same make-up and does not change with the seed. alia-seed-0: the reference
    implementation's own 1,139 images for its seed 0, in its order, of which 279 are those of alia.
    """
    if protocol in ("original", "gals"):
        return Birds(official["train"], official["val"], official["test"])
    train, val = ([bird for bird in official[split] if bird.majority] for split in ("train", "val"))
    extra = [bird for split in ("train", "val") for bird in official[split] if not bird.majority]
    own = alia_training_set(official) if protocol == "alia-seed-0" else tuple(train[::STEP])
    return Birds(own, tuple(val), official["test"], tuple(extra))


def alia_training_set(official: Mapping[Split, tuple[Bird, ...]]) -> tuple[Bird, ...]:
    """The training images that ALIA's code draws for its seed 0, as it numbers them."""
    birds = {bird.id: bird for bird in official["train"] if bird.majority}
    return tuple(birds[name] for name in alia_numbering(birds))


def read_metadata(root: Path, archive: str = ARCHIVE) -> dict[Split, tuple[Bird, ...]]:
    """Every image by its official split, in the file's order.

    Raises `MissingDataError` that says where to get the archive, and `UserError` with file and line for a value that
    cannot be right, an image listed twice, or a split without images.
    """
    path = metadata_path(root, archive)
    if not path.is_file():
        raise MissingDataError(f"{path}: no such file.\n{where_to_get(root, archive)}")
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


def metadata_path(root: Path, archive: str = ARCHIVE) -> Path:
    return root / archive / "metadata.csv"


def image_path(root: Path, bird: Bird, archive: str = ARCHIVE) -> Path:
    return root / archive / bird.id


def segmentation_path(root: Path, bird: Bird) -> Path:
    """The bird's outline: CUB's own, since the composites are of their CUB image's size."""
    return root / SEGMENTATIONS / PurePosixPath(bird.id).with_suffix(".png")


def group_counts(birds: Iterable[Bird]) -> tuple[int, ...]:
    """Images of each group, in the order of `GROUPS`."""
    counts = Counter(bird.group for bird in birds)
    return tuple(counts[group] for group in range(len(GROUPS)))


def records(root: Path, birds: Iterable[Bird], archive: str = ARCHIVE) -> list[ImageRecord]:
    """Returns the birds as records, with their outlines where the data set has them."""
    outlined = (root / SEGMENTATIONS).is_dir()
    return [
        ImageRecord(
            id=bird.id,
            path=image_path(root, bird, archive),
            label=bird.label,
            segmentation=segmentation_path(root, bird) if outlined else None,
            group=bird.group,
        )
        for bird in birds
    ]


def verify(
    root: Path,
    progress: Progress,
    archive: str = ARCHIVE,
    *,
    counts: Mapping[Split, tuple[int, ...]] | None = None,
) -> list[str]:
    """Read every file; what is wrong, one line each.

    Looks at the number of images of each group, as far as `counts` says it (default: the archive's own), at every
    image, and, where there are outlines, at each one's size.
    """
    try:
        splits = read_metadata(root, archive)
    except UserError as error:
        return [str(error)]
    wanted = counts or (COUNTS if archive == ARCHIVE else GALS_COUNTS)
    problems = []
    for split in wanted:
        for group, expected, found in zip(GROUPS, wanted[split], group_counts(splits[split]), strict=True):
            if found != expected:
                where = metadata_path(root, archive)
                problems.append(f"{where}: expected {expected} images of {group} in {split} (got {found})")
    every = [bird for birds in splits.values() for bird in birds]
    return problems + image_problems(records(root, every, archive), progress)


def where_to_get(root: Path, archive: str = ARCHIVE) -> str:
    if archive == GALS_ARCHIVE:
        return (
            f"Get {archive} (linked in the README of github.com/spetryk/GALS, section Waterbirds) and unpack it under "
            f"{root}, so that {metadata_path(root, archive)} exists."
        )
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
    if not name or leads_out(name):
        raise line.error(f"img_filename must be a path inside {ARCHIVE}", name)
    return PurePosixPath(name).as_posix()
