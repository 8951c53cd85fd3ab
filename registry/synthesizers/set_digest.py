"""A hash of exactly what a synthesizer reads of a training set."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from ..base import MissingDataError
from ..contracts import Digested, TrainingSet

if TYPE_CHECKING:
    import numpy as np


def training_digest(data: TrainingSet, segmentations: bool) -> str:
    """SHA-256 (hexadecimal) of the number of classes, and of each sample's id, label and image, in their order.

    segmentations: whether they count too, as far as the data set has them. A training set that is `Digested` is asked
    for its digest; of any other every image is read. Raises as these do.
    """
    if isinstance(data, Digested):
        return data.digest(segmentations)
    lines = []
    for index in range(len(data)):
        outline = _segmentation(data, index) if segmentations else None
        lines.append([data.sample_id(index), data.label(index), _array_digest(data.image(index)), outline])
    return digest_of_samples(data.num_classes, lines)


def digest_of_samples(num_classes: int, samples: list[list[str | int | None]]) -> str:
    """SHA-256 (hexadecimal) of samples in their order: id, label, hashes of image and segmentation (None: has none)."""
    text = "\n".join(json.dumps(sample, ensure_ascii=True) for sample in [[num_classes], *samples])
    return hashlib.sha256(text.encode()).hexdigest()


def _segmentation(data: TrainingSet, index: int) -> str | None:
    try:
        return _array_digest(data.segmentation(index))
    except MissingDataError:
        return None


def _array_digest(array: np.ndarray) -> str:
    return hashlib.sha256(f"{array.shape} {array.dtype} ".encode() + array.tobytes()).hexdigest()
