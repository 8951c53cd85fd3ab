"""Splits that others published: lists of images, folders of class folders, and files of indices."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from provbench.registry.base import MissingDataError, UserError, load_pickle, nearest, numbered_lines

from ..common import SUFFIXES, ImageRecord


def listed_images(path: Path, pool: Sequence[ImageRecord], where_to_get: str) -> list[ImageRecord]:
    """Returns the images of a split: of a list, or of a folder of class folders.

    A list has a line for each image: its path, of which the name of the file counts (and the folder above, where two
    images have one name), and then, if anything, a label, which is not used: it is another's numbering. The images are
    those of `pool`, the official training images, with their labels. Raises `MissingDataError` where there is no such
    file, and `UserError` with file and line for an image that is not in the pool, or listed twice.
    """
    if not path.exists():
        raise MissingDataError(f"{path}: no such file.\n{where_to_get}".strip())
    known = _by_name(pool)
    chosen: dict[str, ImageRecord] = {}
    for number, text in numbered_lines(path):
        if not text.strip():
            continue
        name = re.sub(r"\s+-?\d+$", "", text.strip())
        record = _found(PurePosixPath(name), known, f"{path}:{number}")
        if record.id in chosen:
            raise UserError(f"{path}:{number}: {record.id} is listed twice")
        chosen[record.id] = record
    if not chosen:
        raise UserError(f"{path}: lists no image")
    return sorted(chosen.values(), key=lambda record: record.label)


def folder_images(folder: Path, root: Path, names: Sequence[str]) -> list[ImageRecord]:
    """Returns the images of a folder of class folders, whose names are those of the classes but for case, spaces and
    signs. Ids are paths under `root`. Raises `UserError` for a folder that is no class, and for classes without any.
    """
    plain = {_plain(name): label for label, name in enumerate(names)}
    records = []
    for own in sorted(path for path in folder.iterdir() if path.is_dir() and path.name[0] != "."):
        label = plain.get(_plain(own.name), plain.get(_plain(own.name.partition(".")[2])))
        if label is None:
            raise UserError(f"{own}: is no class of the data set{nearest(own.name, names)}")
        images = sorted(path for path in own.rglob("*") if path.suffix.lower() in SUFFIXES and path.name[0] != ".")
        records += [ImageRecord(path.relative_to(root).as_posix(), path, label) for path in images]
    lacking = [name for label, name in enumerate(names) if label not in {record.label for record in records}]
    if lacking:
        raise UserError(f"{folder}: has no image of {len(lacking)} classes, such as {lacking[0]}")
    return sorted(records, key=lambda record: record.label)


def indexed_images(path: Path, pool: Sequence[ImageRecord]) -> list[ImageRecord]:
    """Returns the images of a file of indices, which count the images of `pool` in their order, from 0.

    The file is text with an index a line, a JSON list, or a pickle of a list or an array of whole numbers. Raises
    `MissingDataError` where there is none, and `UserError` for what is no index, out of range, or there twice.
    """
    if not path.is_file():
        raise MissingDataError(f"{path}: no such file of indices")
    indices = [_index(value, path) for value in _values(path)]
    for index in indices:
        if not 0 <= index < len(pool):
            raise UserError(f"{path}: an index must be in 0..{len(pool) - 1} (got {index}): is it of another split?")
    if not indices or len(set(indices)) < len(indices):
        raise UserError(f"{path}: must have indices, and each once (got {len(indices)}, {len(set(indices))} different)")
    return [pool[index] for index in indices]


def _values(path: Path) -> Sequence[Any]:
    if path.suffix in (".pkl", ".pickle"):
        found = load_pickle(path)
        return found.tolist() if hasattr(found, "tolist") else found
    if path.suffix == ".json":
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise UserError(f"{path}: not JSON ({error})") from None
        return found
    return [text.strip() for _, text in numbered_lines(path) if text.strip()]


def _index(value: Any, path: Path) -> int:
    try:
        number = int(value)
        if isinstance(value, (str, int)) or number == value:
            return number
    except (TypeError, ValueError):
        pass
    raise UserError(f"{path}: expected whole numbers, the places of images in the official list (got {value!r})")


def _by_name(pool: Sequence[ImageRecord]) -> Mapping[str, list[ImageRecord]]:
    known: dict[str, list[ImageRecord]] = {}
    for record in pool:
        known.setdefault(PurePosixPath(record.id).name, []).append(record)
    return known


def _found(path: PurePosixPath, known: Mapping[str, list[ImageRecord]], where: str) -> ImageRecord:
    candidates = known.get(path.name, [])
    if len(candidates) > 1:
        candidates = [one for one in candidates if PurePosixPath(one.id).parent.name == path.parent.name]
    if len(candidates) != 1:
        raise UserError(f"{where}: {path} is no official training image; for a folder of images name the folder itself")
    return candidates[0]


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())
