"""A faster decoder of JPEG files, for those of which it gives Pillow's pixels."""

from __future__ import annotations

import io
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

SUFFIXES = (".jpg", ".jpeg")


def decode_jpeg(path: Path, max_pixels: int) -> np.ndarray | None:
    """Returns (H, W, 3) uint8 RGB as the file stores it, equal to what Pillow decodes; None where that has to look.

    That is of every file but a whole one in YCbCr of at most `max_pixels` pixels: whatever libjpeg-turbo would
    warn of is left to Pillow, and so are its errors.
    """
    if path.suffix.lower() not in SUFFIXES or not equals_pillow():
        return None
    import simplejpeg

    try:
        data = path.read_bytes()
        height, width, colours, _ = simplejpeg.decode_jpeg_header(data)
        if colours != "YCbCr" or int(height) * int(width) > max_pixels:
            return None
        return simplejpeg.decode_jpeg(data, "RGB", fastdct=False, fastupsample=False, strict=True)
    except (OSError, ValueError):
        return None


@cache
def equals_pillow() -> bool:
    """Returns whether both libraries decode a picture of noise alike, with each way of storing its colours.

    Both use libjpeg-turbo, whose results do not depend on the processor; a Pillow that was built with another libjpeg
    may differ.
    """
    import numpy as np
    import simplejpeg
    from PIL import Image

    noise = np.random.default_rng(0).integers(0, 256, (37, 51, 3), dtype=np.uint8)
    for subsampling in (0, 1, 2):
        file = io.BytesIO()
        Image.fromarray(noise).save(file, "JPEG", quality=90, subsampling=subsampling)
        fast = simplejpeg.decode_jpeg(file.getvalue(), "RGB", fastdct=False, fastupsample=False)
        if not np.array_equal(fast, np.asarray(Image.open(file))):
            return False
    return True
