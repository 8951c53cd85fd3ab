"""CUB-200-2011: birds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath

from provbench.registry.base import UserError

from ..common import AnnotationLine, ImageRecord, read_lines
from .layout import Layout, Part, Picture, inside, no_duplicates, write_picture

ARCHIVE = "CUB_200_2011"
SEGMENTATIONS = (f"{ARCHIVE}/segmentations", "segmentations")


class Cub(Layout):
    """The archive `CUB_200_2011` as it is unpacked, with CUB's outlines where they are there."""

    title = "CUB-200-2011"
    licence = "Non-commercial research and education."
    citation = "Wah et al., The Caltech-UCSD Birds-200-2011 Dataset (2011)"
    homepage = "https://data.caltech.edu/records/65de6-vp158"
    word = "bird"
    classes = 200
    images = 11788

    def class_names(self, root: Path) -> Sequence[str]:
        """Returns names as in the folders, without their numbers: `Black_footed_Albatross`."""
        lines = read_lines(self._file(root, "classes.txt"), ("number", "name"), None)
        return [line["name"].partition(".")[2] or line["name"] for line in lines]

    def read(self, root: Path, part: Part) -> list[ImageRecord]:
        labels = self._by_number(root, "image_class_labels.txt", "label")
        training = self._by_number(root, "train_test_split.txt", "is_training")
        names = len(self.class_names(root))
        outlines = next((root / name for name in SEGMENTATIONS if (root / name).is_dir()), None)
        records = []
        path = self._file(root, "images.txt")
        for line in read_lines(path, ("number", "image"), None):
            if not (line["number"] in labels and line["number"] in training):
                raise line.error(
                    "image must have lines in image_class_labels.txt and train_test_split.txt", line["image"]
                )
            if training[line["number"]].integer("is_training", 0, 1) != (part == "train"):
                continue
            name = inside(line, "image")
            mask = None if outlines is None else outlines / PurePosixPath(name).with_suffix(".png")
            label = labels[line["number"]].integer("label", 1, names) - 1
            image = root / ARCHIVE / "images" / name
            records.append(ImageRecord(id=name, path=image, label=label, segmentation=mask))
        return no_duplicates(records, path)

    def annotation_files(self, root: Path) -> Sequence[Path]:
        names = ("classes.txt", "images.txt", "image_class_labels.txt", "train_test_split.txt")
        return [root / ARCHIVE / name for name in names]

    def where_to_get(self, root: Path) -> str:
        return (
            f"Under {root} unpack CUB_200_2011.tgz (1.1 GB; Caltech's data repository, record CUB-200-2011, "
            f"DOI 10.22002/D1.20098), so that {root / ARCHIVE / 'images.txt'} exists; a link to the folder that "
            "another task has will do."
        )

    def where_to_get_segmentations(self, root: Path) -> str:
        return (
            f"CUB's outlines are in segmentations.tgz (37 MB; the same record): unpack it to {root / SEGMENTATIONS[0]}."
        )

    def write(self, root: Path, names: Sequence[str], pictures: Iterable[Picture]) -> list[str]:
        folder = root / ARCHIVE
        folder.mkdir(parents=True)
        folders = [f"{label + 1:03d}.{name.replace(' ', '_')}" for label, name in enumerate(names)]
        rows = []
        for number, picture in enumerate(pictures, start=1):
            name = f"{folders[picture.label]}/{folders[picture.label][4:]}_{number:04d}"
            write_picture(picture, folder / f"images/{name}.jpg", folder / f"segmentations/{name}.png")
            rows.append((f"{name}.jpg", picture.label + 1, int(picture.part == "train")))
        order = sorted(rows)  # as in the archive, where classes follow one another
        for file, column in (("images.txt", 0), ("image_class_labels.txt", 1), ("train_test_split.txt", 2)):
            _write_lines(folder / file, [row[column] for row in order])
        _write_lines(folder / "classes.txt", folders)
        return [row[0] for row in rows]

    def _file(self, root: Path, name: str) -> Path:
        return self.require(root / ARCHIVE / name, root)

    def _by_number(self, root: Path, name: str, field: str) -> dict[str, AnnotationLine]:
        found: dict[str, AnnotationLine] = {}
        for line in read_lines(self._file(root, name), ("number", field), None):
            if line["number"] in found:
                raise line.error("number must be listed once", line["number"])
            found[line["number"]] = line
        if not found:
            raise UserError(f"{root / ARCHIVE / name}: lists no image")
        return found


def _write_lines(path: Path, values: Sequence[object]) -> None:
    text = "".join(f"{number} {value}\n" for number, value in enumerate(values, start=1))
    path.write_text(text, encoding="utf-8")
