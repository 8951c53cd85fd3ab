"""Groups of images that are tuned together, and choices of the adapters that generate an image."""

from __future__ import annotations

from collections.abc import Sequence

from ...contracts import TrainingSet
from ..digests import seed as seed_from


def images_of(data: TrainingSet, per: str, unit: int) -> list[int]:
    """Returns the samples of a unit: of the whole data set, of the image `unit`, or of the class `unit`."""
    if per == "dataset":
        return list(range(len(data)))
    if per == "image":
        return [unit]
    return [index for index in range(len(data)) if data.label(index) == unit]


def fused(own: Sequence[int], count: int, seed: int, label: int, copy: int) -> list[int]:
    """Returns up to `count` different samples of a class, drawn for one image."""
    import numpy as np

    rng = np.random.default_rng(seed_from("adapter", seed, label, copy))
    return sorted(int(index) for index in rng.choice(own, min(count, len(own)), replace=False))


def dirichlet(count: int, concentration: float, seed: int, label: int, copy: int) -> tuple[float, ...]:
    """Returns random weights that sum to 1, drawn for one image."""
    import numpy as np

    rng = np.random.default_rng(seed_from("adapter", seed, label, copy))
    return tuple(map(float, rng.dirichlet([concentration] * count)))
