"""Reading and writing the images and masks of data sets and synthetic sets."""

from __future__ import annotations

import errno
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from .errors import MissingDataError, UserError

if TYPE_CHECKING:
    import numpy as np
    from PIL.Image import Image

JPEG_QUALITY = 95

FORMATS = ("JPEG", "PNG", "BMP", "GIF", "JPEG2000", "PPM", "TIFF", "WEBP")
"""The formats that are read. Others are refused, above all EPS, which Pillow gives to an interpreter of PostScript."""

MAX_PIXELS = 64_000_000
"""Most pixels that a file may declare, 8000 x 8000. One such image takes about 0.5 GB of memory while it is read."""


def read_image(path: Path, *, displayed: bool = False) -> np.ndarray:
    """Returns (H, W, 3) uint8 RGB; `image_modes.to_rgb` says how other kinds of pixels are converted.

    displayed: whether an EXIF orientation is applied, as programs that show photographs do. By default the pixels are
    returned as they are stored, which the boxes and outlines of the official data sets refer to; TIFF's orientation is
    a part of its format, and is always applied. Of a file with several pictures the first is read. Raises
    `MissingDataError` or `UserError`, naming the file, as `open_image` does.
    """
    import numpy as np

    from .fast_jpeg import decode_jpeg
    from .image_modes import to_rgb

    fast = None if displayed else decode_jpeg(path, MAX_PIXELS)
    if fast is not None:
        return fast
    with open_image(path, displayed=displayed) as image:
        return np.asarray(to_rgb(image))


def image_size(path: Path) -> tuple[int, int]:
    """Returns width and height in pixels as they are stored, from the file's header: the pixels are not decoded.

    Raises `MissingDataError` or `UserError`, naming the file, as `open_image` does.
    """
    with open_image(path, decode=False) as image:
        return image.size


def write_image(path: Path, image: np.ndarray) -> None:
    """Write (H, W, 3) uint8 RGB as JPEG, of quality 95 and with colour in full resolution."""
    from PIL import Image

    Image.fromarray(image).save(path, "JPEG", quality=JPEG_QUALITY, subsampling=0)


def read_mask(path: Path, *, displayed: bool = False) -> np.ndarray:
    """Returns (H, W) bool, True where the mask is at least half white, as `image_modes.to_gray` measures it.

    displayed: as in `read_image`; a mask is read in the same way as its image. Raises as `read_image` does.
    """
    import numpy as np

    from .image_modes import to_gray

    with open_image(path, displayed=displayed) as image:
        return np.asarray(to_gray(image)) >= 128


def write_mask(path: Path, mask: np.ndarray) -> None:
    """Write (H, W) bool as a PNG of one bit a pixel, white where True."""
    from PIL import Image

    Image.fromarray(mask).save(path, "PNG")


@contextmanager
def open_image(path: Path, *, displayed: bool = False, decode: bool = True) -> Iterator[Image]:
    """Opens an image file and decodes all of it, unless `decode` is False.

    Raises `MissingDataError` where there is no file, and `UserError` naming the file where it cannot be opened, is not
    in one of `FORMATS`, is damaged or truncated, or declares more than `MAX_PIXELS` pixels. A `ValueError` that is
    raised inside the block becomes a `UserError` too. Errors of the machine, such as a failed disk, stay `OSError`.
    """
    from PIL import Image, ImageOps

    from .png_rows import require_every_row

    try:
        with Image.open(path, formats=FORMATS) as image:
            _require_size(image)
            if decode:
                image.load()
            if decode and image.format == "PNG":
                require_every_row(path, image)
            if displayed:
                ImageOps.exif_transpose(image, in_place=True)
            yield image
    except FileNotFoundError:
        raise MissingDataError(f"{path}: no such image file") from None
    except OSError as error:
        if error.errno in _MACHINE:
            raise
        raise _unreadable(path, error) from error
    except (*_BROKEN, Image.DecompressionBombError) as error:
        raise _unreadable(path, error) from error


_MACHINE = (errno.EIO, errno.ENOMEM, errno.EMFILE, errno.ENFILE, errno.ESTALE)
_RULES = (SyntaxError, ValueError, TypeError, LookupError, EOFError, ArithmeticError, RuntimeError, AttributeError)
_BROKEN = (*_RULES, struct.error, zlib.error)
"""Exceptions that Pillow raises for files that break their format's rules."""


def _unreadable(path: Path, error: Exception) -> UserError:
    return UserError(f"{path}: cannot be read as an image ({error}): replace the file")


def _require_size(image: Image) -> None:
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise ValueError(f"it declares {width}x{height} pixels, and at most {MAX_PIXELS:,} are read")
