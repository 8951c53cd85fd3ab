"""Files of arrays, and what damage does to them."""

from __future__ import annotations

import errno
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from math import prod
from pathlib import Path
from tokenize import TokenError
from typing import TYPE_CHECKING
from zipfile import BadZipFile, ZipFile

from .record_file import DamagedError

if TYPE_CHECKING:
    import numpy as np

KINDS = "biufU"
"""Kinds of numpy's types that a run predicts: bools, numbers and text."""

MAX_BYTES = 2**30
"""Largest total size of a file's arrays in memory; a compressed file can be a thousand times smaller."""

_UNREADABLE = (
    BadZipFile,
    ValueError,
    KeyError,
    EOFError,
    TypeError,
    RuntimeError,
    OverflowError,
    struct.error,
    zlib.error,
)


@contextmanager
def npz_errors() -> Iterator[None]:
    """Turn what zipfile and numpy raise, depending on where an npz file is damaged, into `DamagedError`."""
    try:
        yield
    except _UNREADABLE as error:
        raise DamagedError(f"not a readable npz file ({type(error).__name__}: {error})") from None
    except OSError as error:
        if error.errno != errno.EINVAL:  # of a jump to before the beginning, where the table of contents is damaged
            raise
        raise DamagedError(f"not a readable npz file ({error})") from None


def read_npz(path: Path) -> dict[str, np.ndarray]:
    """The arrays of a file, one a column, one row a sample.

    Raises `DamagedError` where a checksum is wrong, where an array is not of numbers, bools or text, where columns
    differ in length, and where the file would take more than `MAX_BYTES` or announces more than it has.
    """
    import numpy as np

    headers = npz_headers(path)
    if any(dtype.kind not in KINDS or not shape for _, shape, dtype in headers):
        raise DamagedError("holds an array that is not of numbers, bools or text, one row a sample")
    if len({shape[0] for _, shape, _ in headers}) > 1:
        raise DamagedError("holds columns that differ in their number of samples")
    with npz_errors(), path.open("rb") as file, np.load(file, allow_pickle=False) as columns:
        arrays = {name: columns[name] for name in columns.files}
    for name, array in arrays.items():
        _check_text(name, array)
    return arrays


def npz_headers(path: Path) -> list[tuple[str, tuple[int, ...], np.dtype]]:
    """Name, shape and type of each array, without reading it. Raises `DamagedError`, also for sizes as `read_npz`."""
    from numpy.lib import format as npy

    readers = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
    found = []
    with npz_errors(), ZipFile(path) as columns:
        if sum(member.file_size for member in columns.infolist()) > MAX_BYTES:
            raise DamagedError(f"holds more than {MAX_BYTES} bytes")
        for member in columns.infolist():
            with columns.open(member) as file, _header_errors():
                shape, _, dtype = readers[npy.read_magic(file)](file)
                if not dtype.hasobject and prod(shape) * dtype.itemsize != member.file_size - file.tell():
                    raise DamagedError(f"{member.filename!r} does not have the size that it announces")
            if dtype.itemsize == 0 and prod(shape):
                raise DamagedError(f"{member.filename!r} holds text of no length")
            found.append((member.filename.removesuffix(".npy"), shape, dtype))
    return found


@contextmanager
def _header_errors() -> Iterator[None]:
    """Turn what Python's parser raises of a header that is no literal into `DamagedError`."""
    try:
        yield
    except (SyntaxError, RecursionError, MemoryError, TokenError) as error:
        raise DamagedError(f"not a readable npz file (its header: {type(error).__name__})") from None


def _check_text(name: str, array: np.ndarray) -> None:
    """Raise `DamagedError` for text with code points that no file can hold: halves of characters, and beyond them."""
    if array.dtype.kind != "U" or not array.size:
        return
    points = array.astype(array.dtype.newbyteorder("=")).reshape(-1).view("uint32")
    if ((points > 0x10FFFF) | ((points >= 0xD800) & (points < 0xE000))).any():
        raise DamagedError(f"{name!r} has text that is not Unicode")
