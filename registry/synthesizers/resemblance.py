"""A check that edits resemble the images from which they are said to be made."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..base import UserError, read_image
from ..contracts import TrainingSet
from .difference import DifferenceParams
from .edits import MAPPING, Edit, some

if TYPE_CHECKING:
    import numpy as np

COMPARED = 100
"""Edits that are compared, at most."""
OTHERS = 8
"""Other training images of the class that each is compared with, at most."""
FEW = 10
"""Below this number of edits, chance alone could fail good ones; only a share under one half is refused then."""
SIDE = 128
"""Images are compared at no more than so many pixels a side."""


def check_resemblance(
    data: TrainingSet, edits: Sequence[Edit], params: DifferenceParams, *, least: float, seed: int
) -> None:
    """Raise `UserError` where edits resemble their sources hardly more than other training images of their class.

    Of each of up to 100 edits the rank among up to 9 training images of its source's class is taken: the share of the
    others that it resembles less than its source. The mean rank of edits that are paired with the right images is
    about 1, and of edits that are paired with arbitrary ones 0.5. Below `least` the set is refused; of fewer than ten
    edits below 0.5. A single edit that went wrong moves the mean by little. On edits of 64 pixels over new backgrounds
    the mean was 0.97, with colours, sharpness and noise changed everywhere as well 0.84, and wrongly paired 0.5.
    """
    import numpy as np

    if least == 0:
        return
    rng = np.random.default_rng(seed)
    some_edits = [edits[place] for place in sorted(rng.permutation(len(edits))[:COMPARED])]
    ranks = [(rank, edit) for edit in some_edits if (rank := _rank(data, edit, params.provenance, rng)) is not None]
    if not ranks:
        return
    mean = float(np.mean([rank for rank, _ in ranks]))
    wanted = least if len(ranks) >= FEW else min(least, 0.5)
    if mean < wanted:
        worst = [edit.name for _, edit in sorted(ranks, key=lambda pair: pair[0])]
        raise UserError(
            f"{_folder(edits[0])}: the edits do not resemble the training images that they are paired with: the "
            f"{len(ranks)} that were compared are more like their sources than like {mean:.0%} of other images of the "
            f"class on average, where arbitrary pairs reach 50% and at least {wanted:.0%} is wanted (worst: "
            f"{some(worst)}). Name their sources in a {MAPPING} (edit,source), or set `order` to whose numbers they "
            "bear (ALIA's own: alia); `min_resemblance: 0` takes them as they are"
        )


def resemblance(original: np.ndarray, edited: np.ndarray, provenance: Callable[..., np.ndarray]) -> float:
    """Correlation of the two images' edges (Laplacians of Gaussians) over what `provenance` finds unedited, -1 to 1.

    original, edited: (H, W, 3) uint8 RGB, of any sizes. Edges, because an editor may change brightness and colour of
    what it keeps; 0 where nothing is unedited.
    """
    original, edited = _small(original, edited.shape), _small(edited, edited.shape)
    unedited = provenance(original, edited)
    return _correlation(_edges(original)[unedited], _edges(edited)[unedited])


def _rank(
    data: TrainingSet, edit: Edit, provenance: Callable[..., np.ndarray], rng: np.random.Generator
) -> float | None:
    """Share of some other images of the source's class that the edit resembles less; None if there are no others."""
    label = data.label(edit.index)
    others = [index for index in range(len(data)) if index != edit.index and data.label(index) == label]
    if not others:
        return None
    image = read_image(edit.path)
    own = resemblance(data.image(edit.index), image, provenance)
    chosen = rng.choice(others, min(OTHERS, len(others)), replace=False)
    found = [resemblance(data.image(int(index)), image, provenance) for index in chosen]
    return sum(1.0 if value < own else 0.5 if value == own else 0.0 for value in found) / len(found)


def _small(image: np.ndarray, shape: Sequence[int]) -> np.ndarray:
    """The image at the size of `shape` (H, W, …), shrunk to at most `SIDE`."""
    import cv2

    scale = min(1.0, SIDE / max(shape[:2]))
    size = max(1, round(shape[1] * scale)), max(1, round(shape[0] * scale))
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA)


def _edges(image: np.ndarray) -> np.ndarray:
    import cv2

    gray = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    return cv2.Laplacian(cv2.GaussianBlur(gray, (0, 0), 1.0), cv2.CV_32F)


def _correlation(one: np.ndarray, other: np.ndarray) -> float:
    import numpy as np

    if one.size == 0:
        return 0.0
    one, other = one - one.mean(), other - other.mean()
    scale = float(np.sqrt((one * one).sum() * (other * other).sum()))
    return float((one * other).sum()) / scale if scale > 0 else 0.0


def _folder(edit: Edit) -> Path:
    return edit.path.parents[len(Path(edit.name).parts) - 1]
