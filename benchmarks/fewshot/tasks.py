"""One task for each data set: a few images of each class, or a long tail."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, ClassVar, Literal

import numpy as np

from provbench.registry import FULL, MINI, Metric, Recipe, Scores, TaskInfo

from ..common import ACCURACY, CLASS_ACCURACY, ImageRecord
from ..layouts import Aircraft, Cars, Cub, Flowers, Layout, Pets
from .base import PROTOCOLS, TINY, FewImagesTask
from .recipe import FewShotParams, LongTailParams
from .splits import VALIDATION, drawn, long_tail, shot_groups, without

VALIDATION_SEED = 0
"""Seed of the validation images, which are the same for every draw of training images."""
GROUPS = ("many", "medium", "few")


def _few_shot(layout: type[Layout], validation: int) -> TaskInfo:
    """Returns the identity of a few-shot task. validation: images of each class that validate."""
    return TaskInfo(
        title=f"{layout.title}, a few images of each class",
        metrics=(ACCURACY, CLASS_ACCURACY),
        selection=dict.fromkeys(PROTOCOLS, "accuracy"),
        rules=PROTOCOLS,
        licence=layout.licence,
        citation=layout.citation,
        homepage=layout.homepage,
        splits={
            "train": "shots images of each class, of the official training images",
            "val": f"large: {validation} other official training images of each class; support-only: folds of train",
            "test": "the official test images",
        },
    )


class FewShotTask(FewImagesTask):
    """Classification from `shots` images of each class.

    Source of the protocol: Wang and Chen, "Inversion Circle Interpolation" (Diff-II, 2025), whose splits BOB uses, with
    the numbers of BOB's validation images.
    """

    Params = FewShotParams
    params: FewShotParams  # pyright: ignore[reportIncompatibleVariableOverride]
    variants = (FULL, MINI.having(**TINY))
    validation_each: ClassVar[int]
    """Images of each class that validate, in BOB's sets."""

    def draw_shots(self, pool: Sequence[ImageRecord]) -> Sequence[ImageRecord]:
        return drawn(pool, self.params.shots, self.params.shot_seed)

    def validation_pool(self) -> Sequence[ImageRecord]:
        return self.official("train")

    def draw_validation(self, pool: Sequence[ImageRecord]) -> Sequence[ImageRecord]:
        return drawn(pool, self.validation_each, VALIDATION_SEED, VALIDATION)

    @classmethod
    def setting(cls, params: Recipe) -> str:
        assert isinstance(params, FewShotParams)
        if params.split_file is not None:
            return f"the training images of {params.split_file}"
        return f"{params.shots} training images of each class, drawn with seed {params.shot_seed}"


class FewShotAircraft(FewShotTask):
    info = _few_shot(Aircraft, 16)
    layout, folder, validation_each = Aircraft(), "aircraft", 16
    class_prompt = "an aircraft photo of a {}"


class FewShotCars(FewShotTask):
    info = _few_shot(Cars, 10)
    layout, folder, validation_each = Cars(), "cars", 10
    class_prompt = "a car photo of a {}"


class FewShotCub(FewShotTask):
    info = _few_shot(Cub, 10)
    layout, folder, validation_each = Cub(), "cub", 10
    class_prompt = "a bird photo of a {}"


class FewShotPets(FewShotTask):
    info = _few_shot(Pets, 16)
    layout, folder, validation_each = Pets(), "pets", 16
    class_prompt = "a pet photo of a {}"


def _group_metric(group: str, words: str) -> Metric:
    return Metric(f"accuracy[{group}]", f"mean of the accuracies of {words}")


def _long_tail(layout: type[Layout], many: int, few: int) -> TaskInfo:
    """Returns the identity of a long-tail task. many, few: training images that its groups of classes begin beyond."""
    return TaskInfo(
        title=f"{layout.title}, long tail",
        metrics=(
            _group_metric("all", "all classes"),
            _group_metric("many", f"the classes with more than {many} training images"),
            _group_metric("medium", f"the classes with {few} to {many} training images"),
            _group_metric("few", f"the classes with fewer than {few} training images"),
            ACCURACY,
        ),
        selection=dict.fromkeys(PROTOCOLS, "accuracy[all]"),
        rules=PROTOCOLS,
        licence=layout.licence,
        citation=layout.citation,
        homepage=layout.homepage,
        splits={
            "train": "a long tail of the official training images (flowers: of a random half of each class)",
            "val": "large: 5 of the test images of each class; support-only: folds of train",
            "test": "the other test images",
        },
    )


class LongTailTask(FewImagesTask):
    """Classification from a long tail of classes, scored over all classes and over those with many and few images.

    Source of the long tail and of the groups: Wang et al., "Diff-Mix" (CVPR 2024); of the validation images: BOB.
    """

    Params = LongTailParams
    params: LongTailParams  # pyright: ignore[reportIncompatibleVariableOverride]
    variants = (FULL, MINI.having(**TINY))
    validation_each: ClassVar[int] = 5
    bounds: ClassVar[tuple[int, int]]
    """Training images that classes with many have more of, and classes with few fewer."""

    def draw_shots(self, pool: Sequence[ImageRecord]) -> Sequence[ImageRecord]:
        return long_tail(pool, self.params.imbalance, self.params.shot_seed)

    def validation_pool(self) -> Sequence[ImageRecord]:
        return self.official("test")

    def draw_validation(self, pool: Sequence[ImageRecord]) -> Sequence[ImageRecord]:
        return drawn(pool, self.validation_each, VALIDATION_SEED, VALIDATION)

    def test_images(self, official: Sequence[ImageRecord]) -> Sequence[ImageRecord]:
        return without(official, self.validation_images())

    def score(self, split: Literal["val", "test"], ids: Sequence[str], predictions: Sequence[dict[str, Any]]) -> Scores:
        """Returns the means of the classes' accuracies over all classes and over each group, and the accuracy; a group
        without classes in the split has none.
        """
        plain = super().score(split, ids, predictions)
        labels, right = plain.samples["label"], plain.samples["accuracy"]
        of_class = {int(label): 100 * float(right[labels == label].mean()) for label in np.unique(labels)}
        counts = Counter(record.label for record in self.shots())
        groups = {"all": list(of_class), **shot_groups(counts, *self.bounds)}
        found = {
            f"accuracy[{group}]": float(np.mean([of_class[one] for one in members if one in of_class]))
            for group, members in groups.items()
            if any(one in of_class for one in members)
        }
        return Scores({**found, **plain.metrics}, plain.samples)

    @classmethod
    def setting(cls, params: Recipe) -> str:
        assert isinstance(params, LongTailParams)
        if params.split_file is not None:
            return f"the training images of {params.split_file}"
        return f"imbalance factor {params.imbalance:g}, drawn with seed {params.shot_seed}"


class LongTailCub(LongTailTask):
    info = _long_tail(Cub, 20, 5)
    layout, folder, bounds = Cub(), "cub", (20, 5)
    class_prompt = "a bird photo of a {}"


class LongTailFlowers(LongTailTask):
    info = _long_tail(Flowers, 30, 10)
    layout, folder, bounds = Flowers(), "flowers", (30, 10)
    class_prompt = "a flower photo of a {}"
