"""A check that a PNG file holds every row that it declares; Pillow takes missing rows for black ones."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
"""Number of channels, by the colour type of the header."""
PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
"""First column and row, and steps between columns and rows, of the seven passes of an interlaced file."""
BLOCK = 1 << 20


def require_every_row(path: Path, image: Image) -> None:
    """Raises `ValueError` where a decoded PNG has fewer rows in its file than it declares.

    The rows of the file are counted only where the last one is zero throughout, or the file is interlaced.
    """
    width, height = image.size
    if not image.info.get("interlace") and image.crop((0, height - 1, width, height)).getbbox(alpha_only=False):
        return
    with path.open("rb") as file:
        wanted, found = _declared(file), _unpacked(file)
    if found < wanted:
        raise ValueError(f"its rows are cut short: {found:,} of {wanted:,} bytes")


def _declared(file: IO[bytes]) -> int:
    """The bytes of all rows, each with its filter's number before it."""
    width, height, depth, kind, interlaced = struct.unpack(">16xIIBBxxB", file.read(29))
    bits = depth * CHANNELS[kind]
    return sum(
        rows * (1 + (columns * bits + 7) // 8)
        for left, top, across, down in (PASSES if interlaced else ((0, 0, 1, 1),))
        for columns, rows in [(-((left - width) // across), -((top - height) // down))]
        if columns > 0
    )


def _unpacked(file: IO[bytes]) -> int:
    """The bytes that the file's rows really have, which are unpacked and thrown away piece by piece."""
    unpacker, total = zlib.decompressobj(), 0
    for packed in _image_data(file):
        while packed and not unpacker.eof:
            total += len(unpacker.decompress(packed, BLOCK))
            packed = unpacker.unconsumed_tail
    return total + len(unpacker.flush())


def _image_data(file: IO[bytes]) -> Iterator[bytes]:
    """The contents of the chunks IDAT."""
    file.seek(8)
    while len(head := file.read(8)) == 8:
        length, kind = struct.unpack(">I4s", head)
        if kind == b"IDAT":
            yield file.read(length)
            file.seek(4, 1)
        else:
            file.seek(length + 4, 1)
