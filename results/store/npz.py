"""Files of arrays, and what damage does to them."""

from __future__ import annotations

import errno
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from io import BytesIO
from math import prod
from pathlib import Path
from tokenize import TokenError
from typing import IO, TYPE_CHECKING, NamedTuple
from zipfile import BadZipFile, ZipFile, ZipInfo

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
    with _opened(path) as columns:
        arrays = {_name(member): _array(columns.read(member), member) for member in columns.infolist()}
    if len(set(map(len, arrays.values()))) > 1:
        raise DamagedError("holds columns that differ in their number of samples")
    for name, array in arrays.items():
        _check_text(name, array)
    return arrays


def npz_headers(path: Path) -> list[tuple[str, tuple[int, ...], np.dtype]]:
    """Name, shape and type of each array, without reading it. Raises `DamagedError`, also for sizes as `read_npz`."""
    found = []
    with _opened(path) as columns:
        for member in columns.infolist():
            with columns.open(member) as file:
                header = _header(file, member)
            found.append((_name(member), header.shape, header.dtype))
    return found


class _Header(NamedTuple):
    """Header of an array's file. size: of the header in bytes; the array's own bytes follow."""

    shape: tuple[int, ...]
    by_column: bool
    dtype: np.dtype
    size: int


@contextmanager
def _opened(path: Path) -> Iterator[ZipFile]:
    with npz_errors(), ZipFile(path) as columns:
        if sum(member.file_size for member in columns.infolist()) > MAX_BYTES:
            raise DamagedError(f"holds more than {MAX_BYTES} bytes")
        yield columns


def _name(member: ZipInfo) -> str:
    return member.filename.removesuffix(".npy")


def _array(data: bytes, member: ZipInfo) -> np.ndarray:
    import numpy as np

    shape, by_column, dtype, size = _header(BytesIO(data), member)
    if dtype.kind not in KINDS or not shape:
        raise DamagedError("holds an array that is not of numbers, bools or text, one row a sample")
    return np.ndarray(shape, dtype, data, size, order="F" if by_column else "C").copy("K")


def _header(file: IO[bytes], member: ZipInfo) -> _Header:
    """Returns the header of an array whose size is what it announces. Raises `DamagedError`."""
    start = file.read(12)
    form, begin = ("<H", 10) if start[6:7] == b"\x01" else ("<I", 12)
    end = begin + struct.unpack_from(form, start, 8)[0]
    header = _parsed((start + file.read(max(0, end - len(start))))[:end])
    if not header.dtype.hasobject and prod(header.shape) * header.dtype.itemsize != member.file_size - header.size:
        raise DamagedError(f"{member.filename!r} does not have the size that it announces")
    if header.dtype.itemsize == 0 and prod(header.shape):
        raise DamagedError(f"{member.filename!r} holds text of no length")
    return header


@lru_cache(maxsize=1024)
def _parsed(head: bytes) -> _Header:
    """Parses a header. The files of many runs begin alike, and numpy's parser takes longer than reading an array."""
    from numpy.lib import format as npy

    readers = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
    file = BytesIO(head)
    with _header_errors():
        shape, by_column, dtype = readers[npy.read_magic(file)](file)
    return _Header(shape, by_column, dtype, file.tell())


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
