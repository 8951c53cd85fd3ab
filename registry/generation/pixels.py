"""Images as models want them, and as sets store them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..contracts import TrainingSet
from .seams import Order

if TYPE_CHECKING:
    import numpy as np


def to_uint8(image: np.ndarray, size: int) -> np.ndarray:
    """Returns (size, size, 3) uint8 of an image (H, W, 3) float in [0, 1]."""
    import numpy as np

    return resized(np.rint(image * 255).clip(0, 255).astype(np.uint8), size)


def resized(image: np.ndarray, size: int) -> np.ndarray:
    """Returns an image (H, W, 3) at (size, size, 3): by area where it shrinks, bilinearly where it grows."""
    import cv2

    if image.shape[:2] == (size, size):
        return image
    shrinks = image.shape[0] * image.shape[1] > size * size
    return cv2.resize(image, (size, size), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)


def source_image(data: TrainingSet, order: Order, size: int) -> np.ndarray:
    """Returns the training image that is edited, (size, size, 3) uint8 RGB."""
    assert order.source is not None, "an edit has a source"
    return resized(data.image(order.source), size)


def pictures(images: Sequence[np.ndarray]) -> list[Any]:
    """Returns images as PIL has them."""
    from PIL import Image

    return [Image.fromarray(image) for image in images]
