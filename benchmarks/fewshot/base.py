"""The base of tasks on few images: official layouts, splits by seed and by file, and three ways to validate."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from provbench.registry import Progress, ProtocolRules, Recipe, TrainingSet
from provbench.registry.base import UserError

from ..common import ImageRecord, ImageTask, Split, image_problems
from ..layouts import MINI as MINI_SET, MINI_CLASSES, Layout, generate
from .files import folder_images, indexed_images, listed_images
from .recipe import BobRecipe
from .splits import in_fold, without

PROTOCOLS: Mapping[str, ProtocolRules] = {
    "large": ProtocolRules(words="a validation set beside the training images chooses parameters and epoch"),
    "support-only": ProtocolRules(
        trials={"validation": "support", "checkpoint": "last"},
        finals={"checkpoint": "last"},
        folds=("folds", "fold"),
        validates=False,
        words="cross-validation within the training images chooses the parameters, and the last epoch is tested",
    ),
    "none": ProtocolRules(
        finals={"checkpoint": "last"},
        searches=False,
        validates=False,
        words="the parameters are fixed, and the last epoch is tested",
    ),
}
"""The three ways to validate: on BOB's larger set, on the training images themselves, on nothing."""
TINY = {
    "model": "tiny-cnn",
    "weights": "MINI_WORLD",
    "image_size": 32,
    "epochs": 30,
    "batch_size": 32,
    "lr": 3e-3,
    "weight_decay": 1e-2,
    "transforms": "plain",
    "min_lr": None,
    "warmup_epochs": 0,
}
"""The recipe of small variants."""
DIFF_II = (
    "The published splits are in datasets.zip of huggingface.co/datasets/Luka-Wang/Diff-II: put its folders where "
    "split_file names them, or leave split_file out to have the training images drawn."
)


class FewImagesTask(ImageTask):
    """A task whose training images are a small part of an official training set; the others may validate."""

    Params: ClassVar[type[Recipe]] = BobRecipe
    params: BobRecipe  # pyright: ignore[reportIncompatibleVariableOverride]
    layout: ClassVar[Layout]
    probe = "cutmix"

    @abstractmethod
    def draw_shots(self, pool: Sequence[ImageRecord]) -> Sequence[ImageRecord]:
        """Returns training images, drawn from the official ones that do not validate."""

    @abstractmethod
    def validation_pool(self) -> Sequence[ImageRecord]:
        """Returns the images that validation images are drawn from, and that files of indices count."""

    @abstractmethod
    def draw_validation(self, pool: Sequence[ImageRecord]) -> Sequence[ImageRecord]:
        """Returns validation images, drawn from those of the pool that may be."""

    def shots(self) -> Sequence[ImageRecord]:
        """Returns the training images, those of all folds."""
        pool = self.official("train")
        name = self.params.split_file
        if name is None:
            return self.draw_shots(without(pool, self.validation_images()))
        path = self.inside(name)
        if path.is_dir():
            return folder_images(path, self.root, self.class_names())
        return listed_images(path, pool, DIFF_II)

    def validation_images(self) -> Sequence[ImageRecord]:
        """Returns the validation images of the protocol `large`. None of them is a training image."""
        pool, name = self.validation_pool(), self.params.validation_file
        own = [] if self.params.split_file is None else self.shots()
        if name is None:
            return self.draw_validation(without(pool, own))
        chosen = indexed_images(self.inside(name), pool)
        both = {record.id for record in chosen} & {record.id for record in own}
        if both:
            raise UserError(
                f"validation_file: {name} has training images of {self.params.split_file}, such as {min(both)}"
            )
        return chosen

    def inside(self, name: str) -> Path:
        """Returns a path under the data set's folder. Raises `UserError` for a name that leads out of it."""
        path = (self.root / name).resolve()
        if not path.is_relative_to(self.root.resolve()):
            raise UserError(f"{name}: must be a path under {self.root}")
        return self.root / name

    # the hooks of the base

    def read_split(self, split: Split) -> Sequence[ImageRecord]:
        return [] if split == "val" else self.layout.read(self.root, split)

    def choose(self, split: Split, official: Sequence[ImageRecord]) -> Sequence[ImageRecord]:
        if split == "test":
            return self.test_images(official)
        if self.params.validation == "large":
            return self.shots() if split == "train" else self.validation_images()
        held_out = in_fold(self.shots(), self.params.fold, self.params.folds)
        return without(self.shots(), held_out) if split == "train" else held_out

    def test_images(self, official: Sequence[ImageRecord]) -> Sequence[ImageRecord]:
        return official

    def training_set(self) -> TrainingSet:
        """Returns the training images of all folds, so that one synthetic set serves all: see `made`."""
        return self.as_training_set(self.shots())

    def made(self, synthetic: Path) -> Sequence[ImageRecord]:
        """Returns the images of a synthetic set, without those that were made of images of the fold that validates.

        A generator that was tuned on all training images has seen that fold.
        """
        everything = super().made(synthetic)
        if self.params.validation == "large":
            return everything
        held_out = {record.id for record in self.records("val")}
        return [record for record in everything if record.source not in held_out]

    def annotation_files(self) -> Sequence[Path]:
        names = (self.params.split_file, self.params.validation_file)
        own = [self.inside(name) for name in names if name is not None]
        return [*self.layout.annotation_files(self.root), *(path for path in own if not path.is_dir())]

    @property
    def num_classes(self) -> int:
        return MINI_CLASSES if self.generated else self.layout.classes

    def class_names(self) -> Sequence[str]:
        return self.layout.class_names(self.root)

    def generate(self, progress: Progress) -> None:
        generate(self.root, self.layout, progress)

    def data_problems(self, progress: Progress) -> list[str]:
        wanted = (MINI_SET.train + MINI_SET.test) * MINI_CLASSES if self.generated else self.layout.images
        try:
            records = [record for part in ("train", "test") for record in self.layout.read(self.root, part)]
            chosen = [record for split in ("train", "val", "test") for record in self.records(split)]
        except UserError as error:
            return [str(error)]
        problems = [] if len(records) == wanted else [f"{self.root}: expected {wanted} images (got {len(records)})"]
        if len({record.id for record in chosen}) < len(chosen):
            problems.append(f"{self.root}: images of two of train, val and test")
        return [*problems, *image_problems(records, progress)]

    def where_to_get(self) -> str:
        return self.layout.where_to_get(self.root)

    def where_to_get_segmentations(self) -> str:
        return self.layout.where_to_get_segmentations(self.root)
