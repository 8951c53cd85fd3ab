"""Files of arrays, and what damage does to them."""

from __future__ import annotations

import errno
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from zipfile import BadZipFile, ZipFile

from .recordfile import DamagedError

if TYPE_CHECKING:
    import numpy as np

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


def check_npz(path: Path) -> None:
    """Raise `DamagedError` where a checksum of the file is wrong."""
    with npz_errors(), ZipFile(path) as columns:
        torn = columns.testzip()
    if torn is not None:
        raise DamagedError(f"not a readable npz file ({torn!r} does not have its checksum)")


def npz_headers(path: Path) -> list[tuple[str, tuple[int, ...], np.dtype]]:
    """Name, shape and type of each array, without reading it; raises `DamagedError`."""
    from numpy.lib import format as npy

    readers = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
    found = []
    with npz_errors(), ZipFile(path) as columns:
        for member in columns.namelist():
            with columns.open(member) as file:
                shape, _, dtype = readers[npy.read_magic(file)](file)
            found.append((member.removesuffix(".npy"), shape, dtype))
    return found
