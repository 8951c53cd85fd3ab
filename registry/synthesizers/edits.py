"""Edited images in a folder, and which training image each of them was made of."""

from __future__ import annotations

import csv
import re
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ..base import FORMATS, MissingDataError, UserError, csv_rows
from ..contracts import Numbered, TrainingSet

MAPPING = "mapping.csv"
"""File in the folder of edits that names the training image of each edit, in the columns `edit` and `source`."""
COLUMNS = ("edit", "source")
GRIDS = "samples"
"""ALIA's code puts grids of pictures into folders of this name: they are no edits."""
NUMBERED = re.compile(r"([0-9]+)-([0-9]+)")
COPY = re.compile(r"(.+)-[0-9]+")
TOLD = 3
"""Number of files that a message about several files names."""


@dataclass(frozen=True, order=True)
class Edit:
    """An edited image. index: of its source in the training set. name: its path in the folder of the edits."""

    index: int
    name: str
    path: Path


def find_edits(data: TrainingSet, folder: Path, order: str, *, warn: bool = False) -> list[Edit]:
    """The edits below `folder` whose sources are in the training set, in the order of these.

    A file `mapping.csv` names the source of each; without one, files are named `{number}-{edit}.png`, in any
    subfolders. order: whose numbers these are; `provbench` counts the training set from 0 in its own order.
    warn: whether to warn of the files that are passed over, with their number.

    Raises `MissingDataError` where there is no edit, `UserError` for a number that no image has, for a mapping file
    that cannot be right, and where no source is in the training set.
    """
    files = sorted(_files(folder))
    source_of = _by_mapping(folder / MAPPING) if (folder / MAPPING).is_file() else _by_number(data, folder, order)
    places = {data.sample_id(index): index for index in range(len(data))}
    edits, foreign, unknown = [], [], []
    for name in files:
        source = source_of(name)
        if source is None:
            unknown.append(name)
        elif source not in places:
            foreign.append(name)
        else:
            edits.append(Edit(places[source], name, folder / name))
    if not edits and not foreign:
        raise MissingDataError(_where_to_put(folder))
    if not edits:
        raise UserError(
            f"{folder}: none of the {len(foreign)} edits is of an image of this training set (the first is "
            f"{foreign[0]}): were they made of another protocol's?"
        )
    if warn:
        _warn(folder, len(files), unknown, foreign)
    return sorted(edits)


def read_mapping(path: Path) -> dict[str, str]:
    """The rows of a mapping file: source by edit. Raises `UserError` naming file and line of what cannot be right."""
    table = csv_rows(path)
    _, header = next(table, (1, []))
    if not set(COLUMNS) <= set(header):
        raise UserError(f"{path}:1: must have the columns {','.join(COLUMNS)} (got {header})")
    rows: dict[str, str] = {}
    for number, fields in table:
        row, where = dict(zip(header, fields, strict=False)), f"{path}:{number}"
        edit, source = row.get("edit"), row.get("source")
        if not edit or not source or len(fields) > len(header):
            raise UserError(f"{where}: one edit and one source wanted (got {edit!r} and {source!r})")
        if rows.setdefault(edit, source) != source:
            raise UserError(f"{where}: edit {edit!r} has another source already, {rows[edit]!r}")
    return rows


def write_mapping(path: Path, rows: Mapping[str, str]) -> None:
    """Write source by edit."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        table = csv.writer(stream, lineterminator="\n")
        table.writerows([COLUMNS, *rows.items()])


def _files(folder: Path) -> Iterator[str]:
    for path in folder.rglob("*"):
        name = path.relative_to(folder)
        if path.is_file() and name.as_posix() != MAPPING and not any(part.startswith(".") for part in name.parts):
            yield name.as_posix()


def _by_mapping(path: Path) -> Callable[[str], str | None]:
    """The source of a file that is listed; else of one that is named like a listed one, with `-{number}` at its end.

    `17.png` in the list, as `provbench data export` writes it, is the source of `17.webp`, `17-0.png`, and of these in
    any subfolder.
    """
    rows = read_mapping(path)
    stems = {_plain(str(PurePosixPath(edit).with_suffix(""))): source for edit, source in rows.items()}

    def source_of(name: str) -> str | None:
        if name in rows:
            return rows[name]
        if not _is_image(name):
            return None
        whole = PurePosixPath(name).with_suffix("")
        tried = [key for stem in (str(whole), whole.name) for key in (stem, _without_copy(stem))]
        return next((stems[_plain(key)] for key in tried if _plain(key) in stems), None)

    return source_of


def _by_number(data: TrainingSet, folder: Path, order: str) -> Callable[[str], str | None]:
    ids = _numbering(data, order)

    def source_of(name: str) -> str | None:
        match = NUMBERED.fullmatch(PurePosixPath(name).stem)
        if match is None or not _is_image(name):
            return None
        number = int(match[1])
        if number >= len(ids):
            raise UserError(
                f"{folder / name}: edit of training image {number}, but there are {len(ids)}, counted from 0: were the "
                "edits made of this training set?"
            )
        return ids[number]

    return source_of


def _numbering(data: TrainingSet, order: str) -> Sequence[str]:
    if order == "provbench":
        return [data.sample_id(index) for index in range(len(data))]
    if not isinstance(data, Numbered):
        raise UserError(f"order: this task's training images are not numbered by {order!r}: write a {MAPPING}")
    return data.numbering(order)


def _is_image(name: str) -> bool:
    """Returns whether the file has a supported image format and is not a grid of pictures."""
    from PIL import Image

    path = PurePosixPath(name)
    kind = Image.registered_extensions().get(path.suffix.lower())
    return kind in FORMATS and GRIDS not in path.parts[:-1]


def _without_copy(stem: str) -> str:
    match = COPY.fullmatch(stem)
    return match[1] if match else stem


def _plain(key: str) -> str:
    """A number without its leading zeros; anything else as it is."""
    return str(int(key)) if re.fullmatch("[0-9]+", key) else key


def _warn(folder: Path, files: int, unknown: Sequence[str], foreign: Sequence[str]) -> None:
    for names, reason in (
        (unknown, f"neither listed in {MAPPING} nor images named {{number}}-{{edit}}"),
        (foreign, "edits of images that are not in this training set"),
    ):
        if names:
            warnings.warn(
                f"{folder}: {len(names)} of {files} files are passed over, as {reason} ({some(names)})", stacklevel=4
            )


def some(names: Sequence[str]) -> str:
    """The first few names, for a message."""
    return ", ".join(names[:TOLD]) + (", …" if len(names) > TOLD else "")


def _where_to_put(folder: Path) -> str:
    return (
        f"{folder}: no edited images. Put them there, with a file {MAPPING} (columns {','.join(COLUMNS)}) that names "
        "the training image that each was made of, or named {number}-{edit}.png with the training images counted from "
        "0, as ALIA's code (github.com/lisadunlap/ALIA) names what it generates. `provbench data export TASK --to DIR` "
        "writes the training images for an editor, numbered, and the mapping"
    )
