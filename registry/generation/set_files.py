"""Files of a set that is being generated."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from ..base import atomic_file, content_digest, make_folder
from ..synthesizers import SyntheticImage
from .seams import Adapter, Order

IMAGES, MASKS, OTHER_MASKS = "images", "masks", "masks-difference"
ROWS = ".rows"
"""Folder of what is known of each image that was drawn; gone when the set is whole."""
KEPT = "kept"


class Lora:
    """Hashes of the files of tuned weights in a set's folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._known: dict[str, str] = {}

    def digest(self, adapter: Adapter) -> str | None:
        """Returns the SHA-256 of the file of an adapter; of several, that of their hashes; None where there is none."""
        names = [*adapter.files, *([adapter.embeddings] if adapter.embeddings else [])]
        digests = [self._of(name) for name in names]
        if len(digests) < 2:
            return digests[0] if digests else None
        return hashlib.sha256("\n".join(digests).encode()).hexdigest()

    def _of(self, name: str) -> str:
        if name not in self._known:
            self._known[name] = content_digest(self.folder / name)
        return self._known[name]


def write_row(folder: Path, order: Order, row: SyntheticImage, kept: bool) -> None:
    """Writes down that an image is finished, after its files."""
    make_folder(folder / ROWS)
    with atomic_file(_row_file(folder, order)) as file:
        file.write(json.dumps({KEPT: kept, "row": row.model_dump()}, ensure_ascii=False).encode())


def read_row(folder: Path, order: Order) -> tuple[bool, SyntheticImage] | None:
    """Returns whether a finished image was kept, and its row; None if it is not finished, or a file is torn."""
    return _read(folder, _row_file(folder, order))


def _read(folder: Path, file: Path) -> tuple[bool, SyntheticImage] | None:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        row = SyntheticImage.model_validate({**content["row"]}, strict=False)
    except (OSError, ValueError, KeyError, TypeError, ValidationError):
        return None
    names = [row.file, row.mask] if content[KEPT] else []
    whole = all((folder / name).is_file() for name in names if name)
    return (bool(content[KEPT]), row) if whole else None


def drawn_rows(folder: Path) -> list[SyntheticImage]:
    """Returns the rows of the images that were drawn and kept in a set that is not whole, class by class."""
    found = []
    for file in sorted((folder / ROWS).glob("*.json")):
        known = _read(folder, file)
        if known is not None and known[0]:
            found.append(known[1])
    return found


def missing(folder: Path, orders: Sequence[Order]) -> list[Order]:
    """Returns the orders whose images are not finished."""
    return [order for order in orders if read_row(folder, order) is None]


def remove_work(folder: Path, names: Sequence[str]) -> None:
    """Removes folders that only an unfinished set needs."""
    for name in names:
        shutil.rmtree(folder / name, ignore_errors=True)


def _row_file(folder: Path, order: Order) -> Path:
    return folder / ROWS / f"{order.stem}.json"
