"""A base for tasks on labelled images: a task says where its images are, and the base does the rest."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np

from provbench.registry import (
    Classifier,
    Progress,
    Recipe,
    Scores,
    Task,
    TrainingSet,
    build_network,
    weights_folder,
    weights_of,
)
from provbench.registry.base import Pretrained, UserError, torch

from .captions import CAPTIONS, read_captions
from .classification import classification_scores, predicted_labels
from .fingerprints import fingerprint
from .generated import generated_problems, require_generated
from .image_checks import image_problems, require_images
from .image_recipe import ImageRecipe
from .models import check_model
from .records import SPLITS, ImageRecord, Split
from .synthetic import synthetic_records
from .training_set import RecordTrainingSet

if TYPE_CHECKING:
    from torch import Tensor, nn
    from torch.utils.data import Dataset


class ImageTask(Task):
    """A task on images with one label each, scored as a classification unless it says otherwise.

    A subclass must have `info`, `folder`, `classes` and `read_split`, and most have `Params`, `variants` and
    `where_to_get`. The other attributes and the methods under "what a task may say" are for data sets that have more.
    A task of another kind overrides `predict`, `score` and `pictures`, and names the `network` that it needs.
    """

    Params: ClassVar[type[Recipe]] = ImageRecipe
    params: ImageRecipe
    classes: ClassVar[Sequence[str]] = ()
    """Names of the classes in the order of their numbers. A task that reads them from its data overrides
    `class_names`."""
    groups: ClassVar[Sequence[str]] = ()
    """Names of the groups by the number in `ImageRecord.group`, where accuracies are measured by group, too. A task
    that reads them from its data overrides `group_names`."""
    target: ClassVar[str] = "the target"
    """Name of what the outlines and boxes of the records surround, for the captions of pictures."""
    class_prompt: ClassVar[str] = "a photo of a {}"
    """A text on an image of a class, with `{}` in the place of the class's name, for networks that read texts."""
    network: ClassVar[type] = Classifier
    """The protocol in `registry.models` that the task's networks must have."""

    def __init__(self, params: Recipe, *, variant: str, data_root: Path) -> None:
        super().__init__(params, variant=variant, data_root=data_root)
        self.data_root = data_root
        self.weights_dir = weights_folder(data_root)
        self._official: dict[Split, Sequence[ImageRecord]] = {}
        self._chosen: dict[Split, Sequence[ImageRecord]] = {}

    # what a task must say

    @abstractmethod
    def read_split(self, split: Split) -> Sequence[ImageRecord]:
        """Reads the images of an official split under `self.root`, without decoding any; called once a split.

        The order is that of evaluation and of the training set. Raises `MissingDataError` that says where to get what
        is missing, and `UserError` with file and line for a value that cannot be right.
        """

    # what a task may say

    def where_to_get(self) -> str:
        """Returns where to get the full data set and where to put it, for messages."""
        return ""

    def choose(self, split: Split, official: Sequence[ImageRecord]) -> Sequence[ImageRecord]:
        """Returns the images of a split that the parameters choose, such as a protocol, or shots by a seed.

        `self.official` has the other splits. By default all of them.
        """
        return official

    def annotation_files(self) -> Sequence[Path]:
        """Returns the files under `self.root` whose contents the records follow from, for the fingerprint.

        Where labels follow from the images' paths alone there are none.
        """
        return ()

    def generate(self, progress: Progress) -> None:
        """Generates the data of a generated variant under `self.root`, once: see `ensure_generated`."""
        raise UserError(f"{self.name}: has no generated data, so there is no variant {self.variant!r}")

    def data_problems(self, progress: Progress) -> list[str]:
        """Reads every file of the data set. Returns what is wrong, one line each.

        By default that is every image and outline that cannot be read; a task that knows more of its data, such as the
        number of images, says more.
        """
        try:
            records = [record for split in SPLITS for record in self.official(split)]
        except UserError as error:
            return [str(error)]
        return image_problems(records, progress)

    def where_to_get_segmentations(self) -> str:
        """Returns where to get the data set's outlines, for synthesizers that need them."""
        return ""

    def captions(self) -> Mapping[str, Mapping[str, str]]:
        """Returns descriptions of training images by id and aspect, for generators that make prompts of them: by
        default those of the file `captions.tsv`."""
        return read_captions(self.root / CAPTIONS)

    def orders(self) -> Mapping[str, Sequence[str]]:
        """Returns the ids of the training images as other programs number them, by the program's name."""
        return {}

    def dataset(self, records: Sequence[ImageRecord], *, train: bool) -> Dataset[Any]:
        """Returns images with their transforms, as `benchmarks.training.data` describes items.

        By default images are resized; training images are also cropped and mirrored as the recipe says.
        """
        from .images import ImageDataset
        from .pixel_cache import pixel_cache
        from .recipe_images import RecipeImages

        options = self.params
        common: dict[str, Any] = {"size": options.image_size, "train": train, "resize": options.resize}
        if options.transforms != "plain":
            return RecipeImages(records, options.transforms, before=self.before(), **common)
        cache = pixel_cache(self.data_root, self._known_images())
        return ImageDataset(records, hflip=options.hflip, cache=cache, before=self.before(), **common)

    def before(self) -> Callable[[Tensor], Tensor] | None:
        """Returns what is done to images and masks before anything else, as `ImageDataset` has it; None for nothing."""
        return None

    def made(self, synthetic: Path) -> Sequence[ImageRecord]:
        """Returns the images of a synthetic set that training may use: by default all of them."""
        return synthetic_records(synthetic, self.num_classes)

    # what the base does

    @property
    def num_classes(self) -> int:
        return len(self.class_names())

    def class_names(self) -> Sequence[str]:
        return self.classes

    def group_names(self) -> Sequence[str]:
        return self.groups

    def official(self, split: Split) -> Sequence[ImageRecord]:
        """Returns the images of an official split, read once. Raises as `read_split`."""
        if split not in self._official:
            if self.generated:
                require_generated(self.root, self.name)
            self._official[split] = self.read_split(split)
        return self._official[split]

    def _known_images(self) -> list[Path]:
        """Returns the images of all official splits that are there."""
        paths: list[Path] = []
        for split in SPLITS:
            with suppress(UserError):
                paths += [record.path for record in self.official(split)]
        return paths

    def records(self, split: Split) -> Sequence[ImageRecord]:
        """Returns the images of a split as the parameters choose them. Raises as `read_split`."""
        if split not in self._chosen:
            self._chosen[split] = self.choose(split, self.official(split))
        return self._chosen[split]

    @classmethod
    def check(cls, params: Any) -> None:
        check_model(params.model, params.weights)

    def prepare(self, progress: Progress) -> None:
        if self.generated:
            self.generate(progress)
            return
        for done, split in enumerate(SPLITS, start=1):
            require_images(self.official(split), self.where_to_get(), split)
            progress(done, len(SPLITS))

    @classmethod
    def preload(cls) -> None:
        from . import images  # noqa: F401

    def weights(self, weights_dir: Path | None) -> Sequence[Pretrained]:
        return weights_of(self.params.model, self.params.weights, weights_dir)

    def missing_inputs(self) -> list[str]:
        return [*super().missing_inputs(), *self.missing_weights(self.weights_dir)]

    def fingerprint(self) -> str:
        """Returns the fingerprint of the official splits; the parameters that choose from them are in the key of a run
        already. Outlines do not count, since they change no run that does not read them, and a synthetic set has a
        fingerprint of its own.
        """
        images = [record.path for split in SPLITS for record in self.official(split)]
        return fingerprint(self.root, self.annotation_files(), images)

    def verify(self, progress: Progress) -> list[str]:
        problems = []
        if self.generated:
            require_generated(self.root, self.name)
            problems = generated_problems(self.root)
        return [*problems, *self.data_problems(progress)]

    def training_set(self) -> TrainingSet:
        return self.as_training_set(self.records("train"))

    def as_training_set(self, records: Sequence[ImageRecord]) -> TrainingSet:
        """Returns images of this data set as a synthesizer sees them."""
        return RecordTrainingSet(
            records,
            self.num_classes,
            folder=self.root,
            hint=self.where_to_get_segmentations(),
            orders=self.orders(),
            names=self.class_names(),
            captions=self.captions(),
        )

    def image_files(self) -> Mapping[str, Sequence[Path]]:
        return {split: [record.path for record in self.official(split)] for split in SPLITS}

    def train_data(self, synthetic: Path | None) -> Dataset[Any]:
        real = list(self.records("train")) * self.params.real_repeats
        how = self.params.utilisation
        if synthetic is None:
            return self.dataset(real, train=True)
        made = self.made(synthetic)
        if how == "replace-all":
            return self.dataset(made, train=True)
        images = self.dataset([*real, *made], train=True)
        if how == "concatenate":
            return images
        from .utilisation import ReplacedImages

        return ReplacedImages(images, real, made, how, self.params.replace_prob)

    def eval_data(self, split: Literal["val", "test"]) -> Dataset[Any]:
        return self.dataset(self.records(split), train=False)

    def exchanged(self, split: Literal["val", "test"], count: int) -> Dataset[Any] | None:
        from .exchange import ExchangedImages

        found = ExchangedImages(self.records(split), size=self.params.image_size, count=count)
        return found if len(found) else None

    def build_model(self) -> nn.Module:
        """Returns a network of the protocol `network`; raises `UserError` for other models."""
        return build_network(
            self.params.model,
            self.num_classes,
            offers=self.network,
            weights=self.params.weights,
            image_size=self.params.image_size,
            weights_dir=self.weights_dir,
            class_names=self.class_names,
            class_prompt=self.class_prompt,
            normalization=self.normalization,
            model_options=self.params.model_options,
        )

    def sample_groups(self) -> Mapping[str, int]:
        return {record.id: record.group for record in self.records("train") if record.group is not None}

    def class_weight(self) -> Tensor | None:
        """(K,): images / (K · images of the class) in the training split, without the images of a synthetic set."""
        if not self.params.class_weighted:
            return None
        counts = np.bincount([record.label for record in self.records("train")], minlength=self.num_classes)
        if not counts.all():
            lacking = [str(name) for name, count in zip(self.class_names(), counts, strict=True) if not count]
            raise UserError(
                f"{self.root}: class_weighted needs training images of every class (got none of {', '.join(lacking)})"
            )
        return torch.tensor(counts.sum() / (len(counts) * counts), dtype=torch.float32)

    def predict(self, model: nn.Module, inputs: Tensor, labels: Tensor) -> list[dict[str, Any]]:
        """Returns `label` and `predicted` of each sample."""
        return predicted_labels(model, inputs, labels)

    def score(self, split: Literal["val", "test"], ids: Sequence[str], predictions: Sequence[dict[str, Any]]) -> Scores:
        """Returns the metrics of `info`, as `classification_scores` computes them, and clusters where records have
        them.
        """
        groups = self.group_names()
        official = [record.group for record in self.official("train")] if groups else []
        scores = classification_scores(
            self.info.metrics,
            ids,
            predictions,
            num_classes=self.num_classes,
            group_names=groups,
            group_of={record.id: record.group for record in self.records(split) if record.group is not None},
            frequencies=[official.count(group) for group in range(len(groups))],
        )
        cluster_of = {record.id: record.cluster for record in self.records(split) if record.cluster is not None}
        if all(name in cluster_of for name in ids):
            scores.samples["cluster"] = np.array([cluster_of[name] for name in ids])
        return scores

    def pictures(self, model: nn.Module, count: int) -> dict[str, np.ndarray]:
        """Returns pictures of test images and their input gradients."""
        from .classification_pictures import sample_pictures

        return sample_pictures(self, model, count, self.records("test"), self.group_names(), self.target)
