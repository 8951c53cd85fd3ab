"""Reading and writing the images and masks of a synthetic set."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import MissingDataError, UserError

if TYPE_CHECKING:
    import numpy as np

JPEG_QUALITY = 95


def read_image(path: Path) -> np.ndarray:
    """(H, W, 3) uint8 RGB. Raises `MissingDataError` or `UserError`, naming the file."""
    return _decode(path, "RGB")


def write_image(path: Path, image: np.ndarray) -> None:
    """Write (H, W, 3) uint8 RGB as JPEG, of quality 95 and with colour in full resolution."""
    from PIL import Image

    Image.fromarray(image).save(path, "JPEG", quality=JPEG_QUALITY, subsampling=0)


def read_mask(path: Path) -> np.ndarray:
    """(H, W) bool, True where the mask is at least half white. Raises `MissingDataError` or `UserError`."""
    return _decode(path, "L") >= 128


def write_mask(path: Path, mask: np.ndarray) -> None:
    """Write (H, W) bool as a PNG of one bit a pixel, white where True."""
    from PIL import Image

    Image.fromarray(mask).save(path, "PNG")


def _decode(path: Path, mode: str) -> np.ndarray:
    import numpy as np
    from PIL import Image

    try:
        with Image.open(path) as image:
            return np.asarray(image.convert(mode))
    except FileNotFoundError:
        raise MissingDataError(f"{path}: no such image file") from None
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise UserError(f"{path}: cannot be read as an image ({error}): replace the file") from error
