"""Analysis of a synthetic set, class by class, beside the training images that it was made from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..base import MissingDataError
from ..contracts import ClassNamed, TrainingSet
from ..synthesizers import SyntheticSet
from .attention import overlap
from .captions import FILE, read_captions
from .information import Information, information
from .likeness import Extractor, diversity, frechet_distance, kernel_distance, nearest, nearest_other

if TYPE_CHECKING:
    import numpy as np

COPY = 0.05
"""Quantile of the training images' distances to their nearest neighbours below which an image counts as a copy."""


@dataclass(frozen=True)
class ClassAnalysis:
    """A class of a synthetic set. fid, kid: by the features in use; NaN for fewer than two images of either kind.

    diversity, real_diversity: mean distances of pairs of synthetic and of training images. nearest: mean distance of a
    synthetic image to the nearest training image of any class. copies: share of them that are nearer than training
    images are to each other, but for the nearest 5 %. mask: mean share of the pixels that provenance masks mark.
    """

    label: int
    name: str
    real: int
    synthetic: int
    fid: float
    kid: float
    diversity: float
    real_diversity: float
    nearest: float
    copies: float
    mask: float


@dataclass(frozen=True)
class Analysis:
    """A synthetic set as a whole.

    bank, prompts: information about the class in the captions of the training images, and in those of the prompts, by
    aspect and for all aspects together (`all`). agreement: mean intersection over union of masks from attention and
    from the difference. truth: that of masks and the sources' segmentations, of edits. nearest: for each image the
    nearest training image.
    """

    classes: tuple[ClassAnalysis, ...]
    bank: dict[str, Information] = field(default_factory=dict)
    prompts: dict[str, Information] = field(default_factory=dict)
    agreement: float | None = None
    truth: float | None = None
    nearest: tuple[str, ...] = ()


def analyse(made: SyntheticSet, data: TrainingSet, features: Extractor, *, permutations: int = 999) -> Analysis:
    """Returns the analysis of a set. Reads every image of the set and of the training set."""
    import numpy as np

    labels = np.array([data.label(index) for index in range(len(data))])
    real = features([data.image(index) for index in range(len(data))])
    drawn = features([made.image(place) for place in range(len(made))])
    own = np.array([row.label for row in made.rows])
    distances, places = nearest(drawn, real)
    bound = float(np.quantile(nearest_other(real), COPY)) if len(real) > 1 else 0.0
    names = list(data.class_names()) if isinstance(data, ClassNamed) else [str(n) for n in range(data.num_classes)]
    classes = []
    for label, name in enumerate(names):
        rows = np.flatnonzero(own == label)
        one, other = real[labels == label], drawn[rows]
        found = distances[rows]
        classes.append(
            ClassAnalysis(
                label=label,
                name=name,
                real=len(one),
                synthetic=len(other),
                fid=frechet_distance(one, other),
                kid=kernel_distance(one, other),
                diversity=diversity(other),
                real_diversity=diversity(one),
                nearest=_mean(found),
                copies=_mean(found < bound),
                mask=_mean([area for row in rows if (area := _area(made, int(row))) is not None]),
            )
        )
    bank, prompts = _information(made, data, permutations)
    agreements = [row.agreement for row in made.rows if row.agreement is not None]
    return Analysis(
        classes=tuple(classes),
        bank=bank,
        prompts=prompts,
        agreement=float(np.mean(agreements)) if agreements else None,
        truth=_truth(made, data),
        nearest=tuple(data.sample_id(int(place)) for place in places),
    )


def _mean(values: Sequence[float] | np.ndarray) -> float:
    import numpy as np

    return float(np.mean(values)) if len(values) else float("nan")


def _area(made: SyntheticSet, place: int) -> float | None:
    mask = made.mask(place)
    return None if mask is None else float(mask.mean())


def _information(
    made: SyntheticSet, data: TrainingSet, permutations: int
) -> tuple[dict[str, Information], dict[str, Information]]:
    """The class's information in the captions of the training images, and in those that the prompts were filled with.

    {} where the set has no captions. A context is the text of an aspect, not the sample that it came from.
    """
    if not (made.folder / FILE).is_file():
        return {}, {}
    captions = read_captions(made.folder / FILE)
    samples = [data.sample_id(index) for index in range(len(data))]
    own = [(data.label(index), captions.get(sample, {})) for index, sample in enumerate(samples)]
    drawn = [
        (row.label, {aspect: captions[sample][aspect] for aspect, sample in (row.contexts or {}).items()})
        for row in made.rows
    ]
    return _by_aspect(own, permutations), _by_aspect(drawn, permutations)


def _by_aspect(rows: Sequence[tuple[int, dict[str, str]]], permutations: int) -> dict[str, Information]:
    labels = [label for label, _ in rows]
    aspects = [aspect for aspect in (rows[0][1] if rows else {}) if all(aspect in texts for _, texts in rows)]
    found = {
        aspect: information(labels, [texts[aspect] for _, texts in rows], permutations=permutations)
        for aspect in aspects
    }
    if len(aspects) > 1:
        together = [tuple(texts[aspect] for aspect in aspects) for _, texts in rows]
        found["all"] = information(labels, together, permutations=permutations)
    return found


def _truth(made: SyntheticSet, data: TrainingSet) -> float | None:
    """The mean overlap of the masks of edits with the segmentations of their sources; None where there is none."""
    import cv2
    import numpy as np

    places = {data.sample_id(index): index for index in range(len(data))}
    found = []
    for place, row in enumerate(made.rows):
        index, mask = places.get(row.source or ""), made.mask(place)
        if index is None or mask is None:
            continue
        try:
            outline = data.segmentation(index).astype(np.uint8)
        except MissingDataError:
            return None
        height, width = mask.shape
        true = cv2.resize(outline, (width, height), interpolation=cv2.INTER_NEAREST) > 0
        found.append(overlap(mask, true))
    return float(np.mean(found)) if found else None
