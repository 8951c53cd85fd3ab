"""Reader of ALIA's subset of iWildCam: four CSV files, and the images of WILDS."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

from provbench.registry import Progress
from provbench.registry.base import MissingDataError, UserError, leads_out

from ..common import SPLITS, AnnotationLine, ImageRecord, image_problems, read_table

ARCHIVE = "iwildcam_v2.0"
Part = Literal["train", "val", "test", "extra"]
FILES: Mapping[Part, str] = {
    "train": "train_subset.csv",
    "val": "val_subset.csv",
    "test": "test_subset.csv",
    "extra": "train_extra_subset.csv",
}
COLUMNS = ("split", "location_remapped", "location", "sequence_remapped", "seq_id", "y", "category_id", "datetime")
"""Columns of the files besides `filename` and `image_id`, in their order."""

CLASSES = ("background", "cattle", "elephants", "impalas", "zebras", "giraffes", "dik-diks")
NUMBERS = (0, 24, 32, 36, 48, 49, 52)
"""Numbers of the classes in the column `y`, which is WILDS's own numbering."""
COUNTS: Mapping[Part, tuple[int, ...]] = {
    "train": (2210, 801, 366, 981, 720, 460, 514),
    "val": (2006, 206, 53, 140, 119, 58, 244),
    "test": (127, 1416, 2003, 4533, 144, 47, 213),
    "extra": (402, 506, 91, 625, 85, 47, 468),
}
"""Images of each class in ALIA's files: 6,052, 2,826, 8,483 and 2,224 in all."""


@dataclass(frozen=True)
class Shot:
    """One image of a camera trap. id: the name of its file. sequence: the burst of frames that it belongs to."""

    id: str
    label: int
    location: str
    sequence: str


def read_part(root: Path, part: Part) -> list[Shot]:
    """Returns the images of one file, in its order.

    Raises `MissingDataError` that says where to get the files, and `UserError` with file and line for a class that is
    not of the seven, a name that leads out of the folder, an image that is listed twice, or a file without images.
    """
    path = csv_path(root, part)
    if not path.is_file():
        raise MissingDataError(f"{path}: no such file.\n{where_to_get(root)}")
    shots: dict[str, Shot] = {}
    for line in read_table(path, ("filename", "y", "location_remapped", "seq_id")):
        shot = Shot(_filename(line), _label(line), line["location_remapped"], line["seq_id"])
        if shot.id in shots:
            raise line.error("filename must be listed once", shot.id)
        shots[shot.id] = shot
    if not shots:
        raise UserError(f"{path}: lists no image: get the file again")
    return list(shots.values())


def csv_path(root: Path, part: Part) -> Path:
    return root / ARCHIVE / FILES[part]


def image_path(root: Path, shot: Shot) -> Path:
    return root / ARCHIVE / "train" / shot.id


def records(root: Path, part: Part) -> list[ImageRecord]:
    """Returns the images of one file as records, frames of one sequence in one cluster. Raises as `read_part`."""
    return [
        ImageRecord(id=shot.id, path=image_path(root, shot), label=shot.label, cluster=shot.sequence)
        for shot in read_part(root, part)
    ]


def class_counts(shots: list[Shot]) -> tuple[int, ...]:
    """Returns the images of each class, in the order of `CLASSES`."""
    counts = Counter(shot.label for shot in shots)
    return tuple(counts[label] for label in range(len(CLASSES)))


def verify(root: Path, progress: Progress, *, counts: Mapping[Part, tuple[int, ...]] = COUNTS) -> list[str]:
    """Reads every file. Returns what is wrong, one line each: numbers of images of the classes, images that cannot be
    read, images of two splits, and cameras that training and test share.

    The file `train_extra_subset.csv` is looked at where it is there: nothing that is trained or tested needs it.
    """
    problems: list[str] = []
    parts: dict[Part, list[Shot]] = {}
    for part in FILES:
        if part == "extra" and not csv_path(root, part).is_file():
            continue
        try:
            parts[part] = read_part(root, part)
        except UserError as error:
            problems.append(str(error))
            continue
        for name, wanted, found in zip(CLASSES, counts[part], class_counts(parts[part]), strict=True):
            if wanted != found:
                problems.append(f"{csv_path(root, part)}: expected {wanted} images of {name} (got {found})")
    problems += _shared(root, parts)
    if any(split not in parts for split in SPLITS):
        return problems
    return problems + image_problems([one for split in SPLITS for one in records(root, split)], progress)


def _shared(root: Path, parts: Mapping[Part, list[Shot]]) -> list[str]:
    """Returns a line for each pair of files that list the same image, and for cameras of both training and test."""
    names: dict[Part, set[str]] = {part: {shot.id for shot in shots} for part, shots in parts.items()}
    found = [
        f"{csv_path(root, one)}: {len(names[one] & names[other])} of its images are in {FILES[other]} too"
        for place, one in enumerate(names)
        for other in list(names)[place + 1 :]
        if names[one] & names[other]
    ]
    cameras = {part: {shot.location for shot in shots} for part, shots in parts.items()}
    both = cameras.get("train", set()) & cameras.get("test", set())
    return [*found, *([f"{csv_path(root, 'test')}: cameras of train: {', '.join(sorted(both))}"] if both else [])]


def where_to_get(root: Path) -> str:
    return (
        f"Get iWildCam as WILDS distributes it, iwildcam_v2.0.tar.gz (12 GB; wilds.stanford.edu), and unpack it under "
        f"{root}, so that {root / ARCHIVE / 'train'}/ holds the images; put the files {', '.join(FILES.values())} from "
        f"data/iwildcam_v2.0 of github.com/lisadunlap/ALIA into {root / ARCHIVE}."
    )


def _label(line: AnnotationLine) -> int:
    number = line.integer("y")
    if number not in NUMBERS:
        known = ", ".join(f"{one} {name}" for one, name in zip(NUMBERS, CLASSES, strict=True))
        raise line.error(f"y must be one of {known}", number)
    return NUMBERS.index(number)


def _filename(line: AnnotationLine) -> str:
    name = line["filename"]
    if not name or leads_out(name):
        raise line.error(f"filename must be a path inside {ARCHIVE}/train", name)
    return PurePosixPath(name).as_posix()
