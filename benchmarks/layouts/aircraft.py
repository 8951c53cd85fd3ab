"""FGVC-Aircraft: aircraft by variant."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from provbench.registry.base import UserError, numbered_lines

from ..common import ImageRecord
from .layout import PARTS, Layout, Part, Picture, no_duplicates, write_picture

DATA = "fgvc-aircraft-2013b/data"
FILES: dict[Part, str] = {"train": "trainval", "test": "test"}


class Aircraft(Layout):
    """The archive `fgvc-aircraft-2013b` as it is unpacked; the training part is its `trainval`."""

    title = "FGVC-Aircraft"
    licence = "Non-commercial research; the photographers' names are in the images' lowest rows."
    citation = "Maji et al., Fine-Grained Visual Classification of Aircraft (arXiv 1306.5151, 2013)"
    homepage = "https://www.robots.ox.ac.uk/~vgg/data/fgvc-aircraft"
    word = "aircraft"
    classes = 100
    images = 10000

    def class_names(self, root: Path) -> Sequence[str]:
        path = self.require(root / DATA / "variants.txt", root)
        return [text.strip() for _, text in numbered_lines(path) if text.strip()]

    def read(self, root: Path, part: Part) -> list[ImageRecord]:
        numbers = {name: label for label, name in enumerate(self.class_names(root))}
        path = self.require(root / DATA / f"images_variant_{FILES[part]}.txt", root)
        records = []
        for line, text in numbered_lines(path):
            if not text.strip():
                continue
            image, _, variant = text.strip().partition(" ")
            if variant not in numbers or not image.isalnum():
                raise UserError(f"{path}:{line}: expected an image and one of variants.txt (got {text.strip()!r})")
            name = f"{image}.jpg"
            records.append(ImageRecord(id=name, path=root / DATA / "images" / name, label=numbers[variant]))
        return no_duplicates(records, path)

    def annotation_files(self, root: Path) -> Sequence[Path]:
        return [root / DATA / "variants.txt", *(root / DATA / f"images_variant_{FILES[part]}.txt" for part in PARTS)]

    def where_to_get(self, root: Path) -> str:
        return (
            f"Get fgvc-aircraft-2013b.tar.gz (2.6 GB; linked at {self.homepage}) and unpack it under {root}, so that "
            f"{root / DATA / 'variants.txt'} exists."
        )

    def write(self, root: Path, names: Sequence[str], pictures: Iterable[Picture]) -> list[str]:
        folder, ids = root / DATA, []
        lines: dict[Part, list[str]] = {part: [] for part in PARTS}
        for number, picture in enumerate(pictures):
            ids.append(f"{number:07d}.jpg")
            write_picture(picture, folder / "images" / ids[-1])
            lines[picture.part].append(f"{number:07d} {names[picture.label]}\n")
        for part in PARTS:
            (folder / f"images_variant_{FILES[part]}.txt").write_text("".join(lines[part]), encoding="utf-8")
        (folder / "variants.txt").write_text("".join(f"{name}\n" for name in names), encoding="utf-8")
        return ids
