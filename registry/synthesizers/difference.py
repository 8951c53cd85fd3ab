"""Provenance of an edited image: what still looks like the original is the original's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from ..params import Params

if TYPE_CHECKING:
    import numpy as np

Channel = Literal["mean", "max"]
Scale = Literal["linear", "log"]


class DifferenceParams(Params):
    """Parameters that decide which pixels a synthesizer left unedited. The defaults suit birds over new backgrounds."""

    channel: Channel = Field("max", description="of the difference map: reduction over the channels")
    scale: Scale = Field("log", description="of the difference map: of the values that Otsu's threshold cuts in two")
    blur: float = Field(0.0, ge=0, description="of the difference map: standard deviation in pixels; 0: none")
    opening: int = Field(0, ge=0, description="of the difference map: side of the specks to drop, in pixels; 0: none")

    def provenance(self, original: np.ndarray, edited: np.ndarray) -> np.ndarray:
        """`provenance_from_difference` with these parameters."""
        return provenance_from_difference(
            original, edited, channel=self.channel, scale=self.scale, blur=self.blur, opening=self.opening
        )


def provenance_from_difference(
    original: np.ndarray,
    edited: np.ndarray,
    *,
    channel: Channel = "mean",
    scale: Scale = "linear",
    blur: float = 0.0,
    opening: int = 0,
) -> np.ndarray:
    """(H, W) bool of the edited image's size, True where it was not edited.

    The difference map is cut in two by Otsu's threshold of its own histogram; what differs by no more is unedited.
    Identical images are unedited throughout, and images that differ by one amount everywhere are edited throughout.
    Otsu finds two parts wherever there are two values: of an image that was merely stored again with losses, the noise
    is cut in two.

    original, edited, channel, scale, blur: as of `difference_map`. opening: side in pixels of a square; unedited specks
    that it does not fit into count as edited, and thin parts of the target with them; 0: none.

    Raises `ValueError` where an image has another shape or type, or an option is out of its range.

    Source: Nagano et al. (CVPR 2026), provenance of generative edits, where Otsu's method on the difference is all that
    is known to be said; Otsu, "A Threshold Selection Method from Gray-Level Histograms" (1979).
    """
    import cv2
    import numpy as np

    if opening < 0:
        raise ValueError(f"opening must not be negative, got {opening}")
    difference = difference_map(original, edited, channel=channel, scale=scale, blur=blur)
    _, changed = cv2.threshold(difference, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    unedited = (changed == 0).astype(np.uint8)
    if opening > 1:
        unedited = cv2.morphologyEx(unedited, cv2.MORPH_OPEN, np.ones((opening, opening), np.uint8))
    return unedited.astype(bool)


def difference_map(
    original: np.ndarray,
    edited: np.ndarray,
    *,
    channel: Channel = "mean",
    scale: Scale = "linear",
    blur: float = 0.0,
) -> np.ndarray:
    """(H, W) uint8 of the edited image's size: how much each pixel differs.

    original, edited: (H, W, 3) uint8 RGB. An editor may return another size (a multiple of 8, say): the original is
    then resized to the edited image's size, by area where it shrinks and bilinearly where it grows.
    channel: reduce the absolute differences by their mean or their maximum over the channels.
    blur: standard deviation in pixels of a Gaussian that smooths the reduced map; 0: none.
    scale: linear, or log: 255 · log(1 + difference) / log 256. Otsu's method expects two clusters of like width, and
    unedited pixels differ by a few levels where edited ones differ by anything: on a logarithmic scale the two are
    clusters, on a linear one the threshold tends to fall in the middle of the edited.

    Raises `ValueError` where an image has another shape or type, or an option is out of its range.
    """
    import cv2
    import numpy as np

    for name, image in (("original", original), ("edited", edited)):
        if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
            raise ValueError(f"{name} must be (H, W, 3) uint8, got {image.shape} {image.dtype}")
    if channel not in ("mean", "max") or scale not in ("linear", "log") or blur < 0:
        raise ValueError(
            f"channel must be 'mean' or 'max', scale 'linear' or 'log', and blur not negative "
            f"(got {channel!r}, {scale!r}, {blur})"
        )
    height, width = edited.shape[:2]
    if original.shape != edited.shape:
        shrinks = original.shape[0] * original.shape[1] > height * width
        original = cv2.resize(original, (width, height), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
    difference = cv2.absdiff(original, edited).astype(np.float32)
    reduced = difference.max(axis=2) if channel == "max" else difference.mean(axis=2)
    if blur > 0:
        reduced = cv2.GaussianBlur(reduced, (0, 0), blur)
    if scale == "log":
        reduced = 255 * np.log1p(reduced) / np.log(256)
    return np.rint(reduced).astype(np.uint8)
