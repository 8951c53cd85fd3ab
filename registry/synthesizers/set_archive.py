"""A synthetic set as one file that others can train on: images, masks, manifest, digest, licence."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ..base import MissingDataError, UserError, atomic_path, content_digest, describe_issues, make_folder, write_errors
from .manifest import HEADER, ROWS, SyntheticSet, read_manifest

CARD = "set.json"
FOLDER = "imported-sets"
"""Folder of imported sets in the data root."""
_DATE = (1980, 1, 1, 0, 0, 0)
"""Date of the files in an archive, so that the same set makes the same file."""


class Card(BaseModel):
    """The description of an exported set.

    digest: SHA-256 of the names and contents of its files. classes: their names, in the order of the labels.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal[1] = 1
    name: str = Field(pattern=r"^[\w.+-]+$")
    task: str
    classes: tuple[str, ...]
    images: int = Field(ge=0)
    digest: str = Field(pattern=r"^[0-9a-f]{64}$")
    licence: str


def set_files(made: SyntheticSet) -> list[str]:
    """Returns the names of a set's manifest, images and masks."""
    return [HEADER, ROWS, *(name for row in made.rows for name in (row.file, row.mask) if name is not None)]


def set_digest(folder: Path, names: Sequence[str]) -> str:
    """Returns the SHA-256 of files' names and contents."""
    lines = [[name, content_digest(folder / name)] for name in sorted(set(names))]
    return hashlib.sha256(json.dumps(lines).encode()).hexdigest()


def export_set(folder: Path, archive: Path, *, name: str, task: str, classes: Sequence[str], licence: str) -> Card:
    """Writes a set into one file, whole or not at all, and returns its description. Raises as `read_manifest` does."""
    made = read_manifest(folder)
    names = set_files(made)
    card = Card(
        name=name,
        task=task,
        classes=tuple(classes),
        images=len(made),
        digest=set_digest(folder, names),
        licence=licence,
    )
    with write_errors(archive), atomic_path(archive) as temporary, zipfile.ZipFile(temporary, "w") as content:
        content.writestr(zipfile.ZipInfo(CARD, _DATE), card.model_dump_json(indent=2) + "\n")
        for each in dict.fromkeys(names):
            content.writestr(zipfile.ZipInfo(each, _DATE), (folder / each).read_bytes())
    return card


def import_set(archive: Path, data_root: Path) -> tuple[Path, Card]:
    """Unpacks an exported set into the data root, whole or not at all; returns its folder and its description.

    Raises `UserError` where the archive is damaged, has other files than its manifest names, or where another set of
    that name is there.
    """
    try:
        with zipfile.ZipFile(archive) as content:
            card = _card(content.read(CARD), f"{archive}: {CARD}")
            target = data_root / FOLDER / card.name
            if (target / CARD).is_file():
                if read_card(target).digest != card.digest:
                    raise UserError(f"{target}: another set of this name is there: remove it, or export under another")
                return target, card
            make_folder(target.parent)
            with write_errors(target), tempfile.TemporaryDirectory(prefix=".import-", dir=target.parent) as folder:
                _unpack(content, Path(folder) / "set", card, archive)
                shutil.rmtree(target, ignore_errors=True)
                (Path(folder) / "set").rename(target)
            return target, card
    except FileNotFoundError:
        raise MissingDataError(f"{archive}: no such file") from None
    except (zipfile.BadZipFile, KeyError, EOFError) as error:
        raise UserError(f"{archive}: not a whole exported set ({error}): get it again") from None


def read_card(folder: Path) -> Card:
    """Returns the description of an imported set. Raises `MissingDataError` where it is not there."""
    try:
        return _card((folder / CARD).read_bytes(), str(folder / CARD))
    except (FileNotFoundError, NotADirectoryError):
        raise MissingDataError(f"{folder}: no imported set: `provbench synthetic import FILE` makes one") from None


def _card(text: bytes, where: str) -> Card:
    try:
        content: Any = json.loads(text)
        return Card.model_validate(content)
    except ValidationError as error:
        raise UserError("\n".join(describe_issues(error, where, Card))) from None
    except ValueError as error:
        raise UserError(f"{where}: not JSON ({error})") from None


def _unpack(content: zipfile.ZipFile, folder: Path, card: Card, archive: Path) -> None:
    """Writes the files that the manifest names. Raises `UserError` where their digest is not the card's."""
    folder.mkdir()
    for name in (HEADER, ROWS):
        (folder / name).write_bytes(content.read(name))
    (folder / CARD).write_bytes(content.read(CARD))
    for name in _named(folder):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        with content.open(name) as source, (folder / name).open("wb") as target:
            shutil.copyfileobj(source, target)
    names = set_files(read_manifest(folder))
    extra = set(content.namelist()) - {CARD, *names}
    if extra:
        raise UserError(f"{archive}: has files that its manifest does not name, such as {min(extra)}")
    if set_digest(folder, names) != card.digest:
        raise UserError(f"{archive}: its files are not those that were exported (another digest): get it again")


def _named(folder: Path) -> list[str]:
    """The images and masks that a manifest names. Raises `UserError` for names that lead out of the folder."""
    from .manifest import SyntheticImage

    found = []
    for number, line in enumerate((folder / ROWS).read_text(encoding="utf-8").split("\n"), start=1):
        if line.strip():
            try:
                row = SyntheticImage.model_validate(json.loads(line))
            except (ValueError, ValidationError) as error:
                raise UserError(f"{ROWS}:{number}: not a row of a manifest ({error})") from None
            found += [name for name in (row.file, row.mask) if name is not None]
    return found
