"""Reader of the official files: CUB-200-2011, CUBV2, and the box metadata of the WSOL evaluation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np

from provbench.registry import Progress
from provbench.registry.base import MissingDataError, UserError, leads_out, read_image, read_mask

from ..common import SPLITS, AnnotationLine, Box, Split, read_lines
from .metrics import SIDE, stretched_boxes

COUNTS: Mapping[str, int] = {"train": 5994, "val": 1000, "test": 5794}
NUM_CLASSES = 200

ARCHIVE = "CUB_200_2011"
METADATA_FILES = ("image_ids.txt", "class_labels.txt", "image_sizes.txt", "localization.txt")
METADATA_FOLDERS: Mapping[str, tuple[str, ...]] = {
    "train": ("metadata/train", "metadata/CUB/train", "metadata/train-weaksup"),
    "val": ("metadata/val", "metadata/CUB/val", "metadata/train-fullsup"),
    "test": ("metadata/test", "metadata/CUB/test"),
}
IMAGE_FOLDERS: Mapping[str, tuple[str, ...]] = {
    "train": (f"{ARCHIVE}/images", "CUB"),
    "val": ("CUBV2", "CUB"),
    "test": (f"{ARCHIVE}/images", "CUB"),
}
"""Folders in which the images of a split may lie; `CUB` is the one that the WSOL evaluation's own scripts make of both
sets.
"""
SEGMENTATION_FOLDERS = (f"{ARCHIVE}/segmentations", "segmentations")

BOX_TOLERANCE = 1
"""Pixels by which the metadata's boxes may differ from CUB's own, which are x, y, width, height in decimals."""


@dataclass(frozen=True)
class Bird:
    """One image. id: its path under the image folder. size: width, height. boxes: one or more x0, y0, x1, y1.

    The boxes are in the image's own pixels, both corners inclusive.
    """

    id: str
    label: int
    size: tuple[int, int]
    boxes: tuple[Box, ...]


def read_split(root: Path, split: Split, num_classes: int = NUM_CLASSES) -> list[Bird]:
    """The images of a split, in the order of its `image_ids.txt`.

    Raises `MissingDataError` that says where to get the metadata, and `UserError` with file and line for a value that
    cannot be right: an image that one file lists and another does not, or lists twice, a label outside
    0..num_classes - 1, a box that is empty or reaches out of its image (none of the official ones does).
    """
    folder = metadata_folder(root, split)
    ids = {_image_id(line): line for line in _unique(read_lines(folder / "image_ids.txt", ("image",)))}
    if not ids:
        raise UserError(f"{folder / 'image_ids.txt'}: lists no image")
    labels = _by_image(folder / "class_labels.txt", ("image", "label"), ids)
    sizes = _by_image(folder / "image_sizes.txt", ("image", "width", "height"), ids)
    boxes: dict[str, list[Box]] = {image: [] for image in ids}
    for line in read_lines(folder / "localization.txt", ("image", "x0", "y0", "x1", "y1")):
        if line["image"] not in boxes:
            raise line.error("image must be one of image_ids.txt", line["image"])
        boxes[line["image"]].append(_box(line, sizes[line["image"]]))
    for image, line in ids.items():
        if not boxes[image]:
            raise line.error("image must have a box in localization.txt", image)
    return [
        Bird(image, labels[image].integer("label", 0, num_classes - 1), _size(sizes[image]), tuple(boxes[image]))
        for image in ids
    ]


def metadata_folder(root: Path, split: Split) -> Path:
    """The folder of a split's four annotation files; `MissingDataError` that says where to get them otherwise."""
    for name in METADATA_FOLDERS[split]:
        if (root / name / METADATA_FILES[0]).is_file():
            return root / name
    wanted = root / METADATA_FOLDERS[split][0] / METADATA_FILES[0]
    raise MissingDataError(f"{wanted}: no such file.\n{where_to_get(root)}")


def metadata_files(root: Path) -> list[Path]:
    """The annotation files of all splits."""
    return [metadata_folder(root, split) / name for split in SPLITS for name in METADATA_FILES]


def image_folder(root: Path, split: Split, birds: Sequence[Bird]) -> Path:
    """The folder that the ids of a split's images are relative to; `MissingDataError` if none of them is anywhere."""
    for name in IMAGE_FOLDERS[split]:
        if any((root / name / bird.id).is_file() for bird in birds):
            return root / name
    wanted = root / IMAGE_FOLDERS[split][0] / birds[0].id
    raise MissingDataError(f"{wanted}: no such image, and none of split {split}.\n{where_to_get(root)}")


def segmentation_folder(root: Path) -> Path | None:
    """The folder of CUB's outlines, which are optional."""
    return next((root / name for name in SEGMENTATION_FOLDERS if (root / name).is_dir()), None)


def segmentation_path(folder: Path, bird: Bird) -> Path:
    return folder / PurePosixPath(bird.id).with_suffix(".png")


def resize_boxes(bird: Bird, side: int = SIDE) -> np.ndarray:
    """(n, 4) int64: the boxes of an image, as `stretched_boxes` returns them."""
    return stretched_boxes(bird.boxes, bird.size, side)


def where_to_get(root: Path) -> str:
    return (
        f"Under {root} unpack CUB_200_2011.tgz (1.1 GB; Caltech's data repository, record CUB-200-2011, "
        f"DOI 10.22002/D1.20098), so that {ARCHIVE}/images/ exists; the images of CUBV2 (linked in the README of "
        "github.com/clovaai/wsolevaluation), so that CUBV2/001.Black_footed_Albatross/ exists; and that repository's "
        "folder metadata/CUB, so that metadata/CUB/train/image_ids.txt exists."
    )


def where_to_get_segmentations(root: Path) -> str:
    return (
        "Synthesizers that need the bird's outline use CUB's own: get segmentations.tgz (37 MB; Caltech's data "
        f"repository, record CUB-200-2011, DOI 10.22002/D1.20098) and unpack it to {root / SEGMENTATION_FOLDERS[0]}."
    )


def verify(
    root: Path, progress: Progress, *, num_classes: int = NUM_CLASSES, counts: Mapping[str, int] = COUNTS
) -> list[str]:
    """Read every file; what is wrong, one line each.

    Looks at the number of images of each split, at every image's and outline's size, and at whether CUB's own split,
    labels and boxes agree with the metadata's.
    """
    problems: list[str] = []
    splits: dict[Split, list[Bird]] = {}
    for split in SPLITS:
        try:
            splits[split] = read_split(root, split, num_classes)
        except UserError as error:
            problems.append(str(error))
            continue
        if len(splits[split]) != counts[split]:
            file = metadata_folder(root, split) / METADATA_FILES[0]
            problems.append(f"{file}: expected {counts[split]} images (got {len(splits[split])})")
    total, done = sum(map(len, splits.values())), 0
    for split, birds in splits.items():
        try:
            folder = image_folder(root, split, birds)
        except UserError as error:
            problems.append(str(error))
            continue
        outlines = segmentation_folder(root) if split != "val" else None
        for bird in birds:
            problems += _check_image(folder / bird.id, bird, read_image)
            if outlines is not None:
                problems += _check_image(segmentation_path(outlines, bird), bird, read_mask)
            done += 1
            progress(done, total)
    try:
        problems += _compare_with_archive(root / ARCHIVE, {split: splits.get(split, []) for split in ("train", "test")})
    except UserError as error:
        problems.append(str(error))
    return problems


def _check_image(path: Path, bird: Bird, read: Callable[[Path], np.ndarray]) -> Iterator[str]:
    try:
        height, width = read(path).shape[:2]
    except UserError as error:
        yield str(error)
    else:
        size = width, height
        if size != bird.size:
            yield f"{path}: must be of the size in image_sizes.txt, {bird.size} (got {size})"


def _compare_with_archive(archive: Path, splits: Mapping[str, list[Bird]]) -> Iterator[str]:
    """Yields the differences between CUB's own annotation files and the metadata."""
    names = {line["image"]: line["number"] for line in read_lines(archive / "images.txt", ("number", "image"), None)}
    labels = _by_number(archive / "image_class_labels.txt", ("label",))
    training = _by_number(archive / "train_test_split.txt", ("is_training",))
    boxes = _by_number(archive / "bounding_boxes.txt", ("x", "y", "width", "height"))
    for split, birds in splits.items():
        for bird in birds:
            number = names.get(bird.id, "")
            if not all(number in lines for lines in (labels, training, boxes)):
                yield f"{archive}: {bird.id} of split {split} is not in all of CUB's own annotation files"
                continue
            yield from _compare(labels[number], "label", bird.label + 1, bird)
            yield from _compare(training[number], "is_training", int(split == "train"), bird)
            yield from _compare_boxes(boxes[number], bird)


def _compare(line: AnnotationLine, field: str, wanted: int, bird: Bird) -> Iterator[str]:
    if line.integer(field) != wanted:
        yield str(line.error(f"{field} of {bird.id} must be {wanted} as in the metadata", line[field]))


def _compare_boxes(line: AnnotationLine, bird: Bird) -> Iterator[str]:
    x, y, width, height = (line.decimal(field) for field in ("x", "y", "width", "height"))
    corners = (x, y, min(x + width, bird.size[0] - 1), min(y + height, bird.size[1] - 1))
    if not any(np.abs(np.subtract(box, corners)).max() <= BOX_TOLERANCE for box in bird.boxes):
        yield str(line.error(f"the box of {bird.id} must be {bird.boxes[0]} as in the metadata", corners))


def _by_number(path: Path, fields: tuple[str, ...]) -> dict[str, AnnotationLine]:
    return {line["number"]: line for line in read_lines(path, ("number", *fields), None)}


def _by_image(path: Path, fields: tuple[str, ...], ids: Mapping[str, AnnotationLine]) -> dict[str, AnnotationLine]:
    """The lines of a file by image; each of `ids` must have one, and no other image."""
    lines = {line["image"]: line for line in _unique(read_lines(path, fields))}
    for image, line in lines.items():
        if image not in ids:
            raise line.error("image must be one of image_ids.txt", image)
    for image, line in ids.items():
        if image not in lines:
            raise line.error(f"image must have a line in {path.name}", image)
    return lines


def _unique(lines: Iterable[AnnotationLine]) -> Iterator[AnnotationLine]:
    seen: dict[str, int] = {}
    for line in lines:
        if line["image"] in seen:
            raise line.error(f"image must be listed once, and is on line {seen[line['image']]} too", line["image"])
        seen[line["image"]] = line.number
        yield line


def _image_id(line: AnnotationLine) -> str:
    if leads_out(line["image"]):
        raise line.error("image must be a path inside the image folder", line["image"])
    return line["image"]


def _size(line: AnnotationLine) -> tuple[int, int]:
    return line.integer("width", 1), line.integer("height", 1)


def _box(line: AnnotationLine, size_line: AnnotationLine) -> Box:
    width, height = _size(size_line)
    x0, y0 = line.integer("x0", 0), line.integer("y0", 0)
    return x0, y0, line.integer("x1", x0, width - 1), line.integer("y1", y0, height - 1)
