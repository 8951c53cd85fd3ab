"""Generated images as some tool left them: a folder for each class, or a CSV file, checked against a task's classes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ..base import MissingDataError, UserError, csv_rows, leads_out, nearest

ENDINGS = frozenset({".bmp", ".gif", ".jp2", ".jpeg", ".jpg", ".png", ".ppm", ".tif", ".tiff", ".webp"})
MASKS = "masks"
"""Folder that repeats the folders of the classes with a mask `<image>.png` of an image."""
REQUIRED, OPTIONAL = ("file", "label"), ("mask", "source", "caption")
SHOWN = 20
"""Complaints that one message lists."""


@dataclass(frozen=True)
class GeneratedImage:
    """One image. file, mask: paths under the folder `root`; mask None: none. source: a training image's id, or None.

    where: the line or the file to name in messages.
    """

    root: Path
    file: str
    label: int
    where: str
    mask: str | None = None
    source: str | None = None
    caption: str | None = None


class ClassNames:
    """Numbers of a task's classes by what a tool may call them: the name, the number, or the name spelt otherwise.

    Case, blanks, hyphens, underscores, and a number before a name (`001.Black_footed`) do not count, unless two classes
    are told apart by them alone.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self.names = [str(name) for name in names]
        spelt = Counter(map(_spelling, self.names))
        numbered = list(enumerate(self.names))
        self._exact = {**{str(label): label for label, _ in numbered}, **{name: label for label, name in numbered}}
        self._loose = {_spelling(name): label for label, name in numbered if spelt[_spelling(name)] == 1}

    def label(self, name: str) -> int:
        """Returns the number of a class. Raises `UserError` for a name that no class has."""
        found = self._exact.get(name, self._loose.get(_spelling(name)))
        if found is None:
            known = nearest(name, self.names) if len(self.names) <= SHOWN else f": one of {len(self.names)} names"
            raise UserError(f"{name!r} is no class of the task, nor a number from 0 to {len(self.names) - 1}{known}")
        return found


def read_generated(place: Path, names: Sequence[str], samples: Collection[str]) -> list[GeneratedImage]:
    """Returns the images of a folder, or those that a CSV file lists, whose paths are relative to its own folder.

    names: of the task's classes. samples: ids of the training images, which the column `source` may name. A folder may
    hold the CSV file as its only one. Raises `MissingDataError` where there is nothing, and `UserError` that lists
    every fault.
    """
    if not place.exists():
        raise MissingDataError(
            f"{place}: no such folder: put the generated images there, in folders named as the task's classes or their "
            f"numbers from 0, or with a CSV file (columns {','.join((*REQUIRED, *OPTIONAL))})"
        )
    lists = [place] if place.is_file() else sorted(place.glob("*.csv"))
    if len(lists) > 1:
        raise UserError(f"{place}: holds {len(lists)} CSV files: name the one, as in path: {lists[0]}")
    classes = ClassNames(names)
    images, problems = _read_csv(lists[0], classes, samples) if lists else _read_folders(place, classes)
    if not images and not problems:
        problems = [f"{place}: holds no image ({', '.join(sorted(ENDINGS))}) in a folder of a class"]
    if problems:
        more = [f"{place}: and {len(problems) - SHOWN} more of the kind"] if len(problems) > SHOWN else []
        raise UserError("\n".join([*problems[:SHOWN], *more]))
    return images


def _read_folders(root: Path, classes: ClassNames) -> tuple[list[GeneratedImage], list[str]]:
    images, problems = [], []
    for folder in sorted(path for path in root.iterdir() if path.is_dir() and path.name[0] != "."):
        if folder.name == MASKS:
            continue
        try:
            label = classes.label(folder.name)
        except UserError as error:
            problems.append(f"{folder}: {error}")
            continue
        for path in sorted(folder.rglob("*")):
            if path.suffix.lower() in ENDINGS and path.name[0] != "." and path.is_file():
                file = path.relative_to(root).as_posix()
                mask = (PurePosixPath(MASKS) / file).with_suffix(".png").as_posix()
                found = mask if (root / mask).is_file() else None
                images.append(GeneratedImage(root, file, label, str(path), found))
    return images, problems


def _read_csv(path: Path, classes: ClassNames, samples: Collection[str]) -> tuple[list[GeneratedImage], list[str]]:
    rows = csv_rows(path)
    header = _header(path, next(rows, (1, []))[1])
    known = frozenset(samples)
    images: dict[str, GeneratedImage] = {}
    problems: list[str] = []
    for number, row in rows:
        where = f"{path}:{number}"
        if len(row) != len(header):
            problems.append(f"{where}: expected {len(header)} columns (got {len(row)})")
            continue
        fields = {name: value.strip() for name, value in zip(header, row, strict=True)}
        wrong = list(_row_problems(path.parent, fields, known))
        label = 0
        try:
            label = classes.label(fields["label"])
        except UserError as error:
            wrong.append(f"label {error}")
        if fields["file"] in images:
            wrong.append(f"file {fields['file']!r} is listed already: {images[fields['file']].where}")
        problems += [f"{where}: {fault}" for fault in wrong]
        optional = {name: fields.get(name) or None for name in OPTIONAL}
        if not wrong:
            images[fields["file"]] = GeneratedImage(path.parent, fields["file"], label, where, **optional)
    return list(images.values()), problems


def _header(path: Path, row: Sequence[str]) -> list[str]:
    header, columns = [name.strip() for name in row], (*REQUIRED, *OPTIONAL)
    problems = [f"{path}:1: unknown column {name!r}{nearest(name, columns)}" for name in header if name not in columns]
    problems += [f"{path}:1: needs one column {name!r}" for name in REQUIRED if header.count(name) != 1]
    problems += [f"{path}:1: has column {name!r} twice" for name in OPTIONAL if header.count(name) > 1]
    if problems:
        raise UserError("\n".join(problems))
    return header


def _row_problems(root: Path, fields: Mapping[str, str], samples: frozenset[str]) -> Iterator[str]:
    for column in ("file", "mask"):
        name = fields.get(column, "")
        if not name and column == "mask":
            continue
        if not name or leads_out(name):
            yield f"{column} must be a path inside {root} (got {name!r})"
        elif not (root / name).is_file():
            yield f"{column} {name!r}: no such file in {root}"
    source = fields.get("source", "")
    if source and source not in samples:
        yield f"source {source!r} is no training image of the task: an image that was made from another may not be used"


def _spelling(name: str) -> str:
    """Returns a name without what tools spell differently."""
    bare = re.sub(r"^\d+[._ -]+", "", name.casefold())
    return re.sub(r"[\W_]+", "", bare) or name
