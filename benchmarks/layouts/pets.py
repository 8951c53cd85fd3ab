"""The Oxford-IIIT pets: cats and dogs by breed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from provbench.registry.base import UserError, numbered_lines

from ..common import ImageRecord
from .layout import PARTS, Layout, Part, Picture, no_duplicates, write_picture

FOLDER = "oxford-iiit-pet"
FILES: dict[Part, str] = {"train": "trainval.txt", "test": "test.txt"}


class Pets(Layout):
    """The two archives, `images` and `annotations`, unpacked in one folder; the training part is `trainval`.

    The trimaps are no outlines of the kind that synthesizers read, and are not read.
    """

    title = "Oxford-IIIT Pet"
    licence = "CC BY-SA 4.0."
    citation = "Parkhi et al., Cats and Dogs (CVPR 2012)"
    homepage = "https://www.robots.ox.ac.uk/~vgg/data/pets"
    word = "pet"
    classes = 37
    images = 7349

    def class_names(self, root: Path) -> Sequence[str]:
        """Returns the breeds as the files spell them: `Abyssinian`, `american_bulldog`."""
        found: dict[int, str] = {}
        for image, label, _ in self._lines(root, "train"):
            breed = image.rpartition("_")[0]
            if found.setdefault(label, breed) != breed:
                raise UserError(f"{self._file(root, 'train')}: class {label + 1} is both {found[label]} and {breed}")
        return [found.get(label, str(label + 1)) for label in range(max(found, default=-1) + 1)]

    def read(self, root: Path, part: Part) -> list[ImageRecord]:
        names = len(self.class_names(root))
        records = []
        for image, label, where in self._lines(root, part):
            if label >= names:
                raise UserError(f"{where}: class must be one of trainval.txt, 1..{names} (got {label + 1})")
            path = root / FOLDER / "images" / f"{image}.jpg"
            records.append(ImageRecord(id=path.name, path=path, label=label))
        return no_duplicates(records, self._file(root, part))

    def annotation_files(self, root: Path) -> Sequence[Path]:
        return [root / FOLDER / "annotations" / FILES[part] for part in PARTS]

    def where_to_get(self, root: Path) -> str:
        return (
            f"Get images.tar.gz (0.8 GB) and annotations.tar.gz (19 MB; linked at {self.homepage}) and unpack both in "
            f"{root / FOLDER}, so that {root / FOLDER / 'annotations' / FILES['train']} exists."
        )

    def write(self, root: Path, names: Sequence[str], pictures: Iterable[Picture]) -> list[str]:
        lines: dict[Part, list[str]] = {part: [] for part in PARTS}
        ids = []
        for number, picture in enumerate(pictures):
            stem = f"{names[picture.label].replace(' ', '_')}_{number}"
            ids.append(f"{stem}.jpg")
            write_picture(picture, root / FOLDER / "images" / ids[-1])
            lines[picture.part].append(f"{stem} {picture.label + 1} 1 {number}\n")
        (root / FOLDER / "annotations").mkdir(parents=True)
        for part in PARTS:
            self._path(root, part).write_text("".join(lines[part]), encoding="utf-8")
        return ids

    def _lines(self, root: Path, part: Part) -> list[tuple[str, int, str]]:
        """Returns image, label from 0, and place of each line; lines that begin with # are comments."""
        path, found = self._file(root, part), []
        for number, text in numbered_lines(path):
            fields = text.split()
            if not fields or fields[0].startswith("#"):
                continue
            if len(fields) != 4 or not fields[1].isdigit() or int(fields[1]) < 1 or "/" in fields[0]:
                raise UserError(f"{path}:{number}: expected image, class, species, breed (got {text.strip()!r})")
            found.append((fields[0], int(fields[1]) - 1, f"{path}:{number}"))
        return found

    def _file(self, root: Path, part: Part) -> Path:
        return self.require(self._path(root, part), root)

    def _path(self, root: Path, part: Part) -> Path:
        return root / FOLDER / "annotations" / FILES[part]
