"""Conversion of images that are not 8-bit RGB, and the whiteness of a mask's pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PIL.Image import Image

BITS_PER_SAMPLE, PHOTOMETRIC = 258, 262
"""Numbers of TIFF's tags."""
WHITE_IS_ZERO = 0

LEVEL_MODES = frozenset({"1", "L", "LA", "La", "P", "PA", "RGB", "RGBA", "RGBa", "YCbCr"})
"""Pillow's modes that it converts to gray levels without a step between."""


def to_rgb(image: Image) -> Image:
    """Returns the image as 8-bit RGB. An image that is 8-bit RGB and opaque keeps every bit.

    - Gray levels go into all three channels; palettes are looked up.
    - Of 16-bit values the upper 8 bits are kept, so that the whole range is scaled and nothing is clipped; of the 12
      bits of some TIFF files likewise.
    - Transparent pixels are put over white, in proportion to their opacity.
    - CMYK is converted without a colour profile: red is (1 - C)(1 - K), and so on.

    Raises `ValueError` for floating-point and 32-bit values, which have no range to be scaled by, for L*a*b*, and for
    16-bit images that name a transparent level.
    """
    from PIL import Image as Pillow

    image = _eight_bits(image)
    if not image.has_transparency_data:
        return image.convert("RGB")
    white = Pillow.new("RGBA", image.size, "white")
    return Pillow.alpha_composite(white, image.convert("RGBA")).convert("RGB")


def to_gray(image: Image) -> Image:
    """Returns how white a mask is, as 8-bit levels: ITU-R 601-2 luma of what is coloured.

    16-bit masks are scaled as in `to_rgb`. An alpha channel is ignored, as the generator of Waterbirds ignores it in
    CUB's outlines. Raises `ValueError` as `to_rgb` does, and where pixels differ in nothing but the alpha channel.
    """
    image = _eight_bits(image)
    gray = (image if image.mode in LEVEL_MODES else image.convert("RGB")).convert("L")
    if image.has_transparency_data and _is_flat(gray) and not _is_flat(image.convert("RGBA").getchannel("A")):
        raise ValueError("the mask is drawn in its alpha channel, which is ignored: save it in black and white")
    return gray


def _is_flat(channel: Image) -> bool:
    low, high = channel.getextrema()
    return low == high


def _eight_bits(image: Image) -> Image:
    """Returns the image, with gray levels of more bits scaled to 8; `ValueError` where their range is not known."""
    import numpy as np
    from PIL import Image as Pillow

    _require_plain_transparency(image)
    depth = _gray_bits(image)
    if depth == 8:
        return image
    return Pillow.fromarray((np.asarray(image) >> (depth - 8)).astype(np.uint8))


def _gray_bits(image: Image) -> int:
    """The bits of a gray level, 8 for every other kind of image."""
    mode, tags = image.mode, _tags(image)
    if mode == "LAB":
        raise ValueError("its colours are L*a*b*: save it as RGB")
    if mode == "F":
        raise ValueError("its values are floating-point numbers, whose range is not known: save it with 8 bits")
    if mode == "I" and image.format not in ("PNG", "PPM"):
        raise ValueError("its values are 32-bit integers, whose range is not known: save it with 8 bits")
    if mode != "I" and not mode.startswith("I;16"):
        return 8
    if tags.get(PHOTOMETRIC) == WHITE_IS_ZERO:
        raise ValueError("its 16-bit values count from white to black: save it with 8 bits")
    return int(tags.get(BITS_PER_SAMPLE, (16,))[0])


def _tags(image: Image) -> Any:
    """The tags of a TIFF file; none for other formats."""
    return getattr(image, "tag_v2", {})


def _require_plain_transparency(image: Image) -> None:
    """Raises `ValueError` for a transparent colour of 16 bits, which 8-bit pixels cannot be compared with."""
    transparent = image.info.get("transparency")
    levels = transparent if isinstance(transparent, tuple) else (transparent,) if isinstance(transparent, int) else ()
    if any(level > 255 for level in levels) or (levels and image.mode.startswith("I")):
        raise ValueError("it names a transparent colour of 16 bits: save it with an alpha channel")
