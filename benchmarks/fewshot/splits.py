"""Draws of images: shots, folds, validation images and long tails. Every draw is a function of a seed and a class."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from provbench.registry.base import UserError

from ..common import ImageRecord

VALIDATION, SHOTS, TAIL = 0, 1, 2
"""Numbers of the draws, so that none follows from another."""


def by_class(records: Iterable[ImageRecord]) -> dict[int, list[ImageRecord]]:
    """Returns the images of each class, in their order."""
    found: dict[int, list[ImageRecord]] = defaultdict(list)
    for record in records:
        found[record.label].append(record)
    return dict(sorted(found.items()))


def drawn(records: Sequence[ImageRecord], count: int, seed: int, what: int = SHOTS) -> list[ImageRecord]:
    """Returns `count` images of each class, class by class; with a larger count, the same and more.

    Raises `UserError` where a class has fewer.
    """
    chosen = []
    for label, members in by_class(records).items():
        if len(members) < count:
            raise UserError(f"class {label} has {len(members)} images, and {count} of each are wanted: take fewer")
        chosen += [members[place] for place in _order(len(members), seed, what, label)[:count]]
    return chosen


def without(records: Iterable[ImageRecord], others: Iterable[ImageRecord]) -> list[ImageRecord]:
    """Returns the images that are not among the others, in their order."""
    left_out = {record.id for record in others}
    return [record for record in records if record.id not in left_out]


def in_fold(shots: Sequence[ImageRecord], fold: int, folds: int) -> list[ImageRecord]:
    """Returns the images of a fold: of each class every `folds`-th, from the fold's number on. A class with one image
    only is in no fold, so that it is always trained on.
    """
    return [
        record
        for members in by_class(shots).values()
        for place, record in enumerate(members)
        if len(members) > 1 and place % folds == fold
    ]


def long_tail(records: Sequence[ImageRecord], factor: float, seed: int) -> list[ImageRecord]:
    """Returns a long tail: of the class with the k-th most images, counted from 0, a random n · f^(k / (C - 2)) of
    them, rounded down and at least one, n being the mean number of images of the C classes and f = 1 / factor.

    Source: the reference implementation Zhicaiwww/Diff-Mix, whose random numbers are others.
    """
    classes = by_class(records)
    mean = len(records) / len(classes)
    chosen = []
    for rank, label in enumerate(sorted(classes, key=lambda one: (-len(classes[one]), one))):
        members = classes[label]
        count = max(int(mean * (1 / factor) ** (rank / max(len(classes) - 2, 1))), 1)
        order = _order(len(members), seed, TAIL, label)
        chosen += [members[place] for place in order[: min(count, len(members))]]
    return sorted(chosen, key=lambda record: record.label)


def shot_groups(counts: Mapping[int, int], many: int, few: int) -> dict[str, list[int]]:
    """Returns the classes with many, medium and few training images: more than `many`, fewer than `few`, between.

    counts: training images by class.
    """
    groups: dict[str, list[int]] = {"many": [], "medium": [], "few": []}
    for label, count in counts.items():
        groups["many" if count > many else "few" if count < few else "medium"].append(label)
    return groups


def _order(count: int, seed: int, what: int, label: int) -> list[int]:
    return np.random.default_rng([seed, what, label]).permutation(count).tolist()
