"""Classification of a user's own images: no code to write, a CSV file or a folder for each class is enough."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

import numpy as np
from pydantic import Field, field_validator, model_validator

from provbench.registry import (
    EXCHANGED,
    FULL,
    MINI,
    RELIANCE_METRICS,
    Metric,
    Progress,
    Recipe,
    ScoreMapNetwork,
    Scores,
    TaskInfo,
    location,
    tunable,
)
from provbench.registry.base import UserError, image_size, read_mask

from ..common import (
    ACCURACY,
    CLASS_ACCURACY,
    SPLITS,
    WORST_GROUP,
    ImageRecipe,
    ImageRecord,
    ImageTask,
    Split,
    bounding_box,
    class_metric,
    classification_scores,
    fingerprint,
    group_metric,
    require_generated,
)
from ..cub_wsol import OPTIONAL_BOX_METRICS, box_columns, stretched_boxes
from .content import Content, changed, decoding_problems, label_conflicts, read_content, size_problems
from .items import require
from .splitting import Draw, write_drawn

if TYPE_CHECKING:
    from torch import Tensor, nn


class OwnImagesParams(ImageRecipe):
    """A recipe for fine-tuning a pretrained ResNet-50 on a few thousand photographs."""

    path: str | None = location(
        description="folder of the images: absolute, or relative to the data root; null: the folder images there"
    )
    csv: str | None = Field(
        None, min_length=1, description="name of the CSV file in that folder that lists them; null: a folder a class"
    )
    val_fraction: float = Field(0.15, gt=0, lt=1, description="share of a class in val, where no val is given")
    test_fraction: float = Field(0.2, gt=0, lt=1, description="share of a class in test, where no test is given")
    split_seed: int = Field(0, ge=0, description="of the splits that are drawn")
    model: str = Field("resnet50", description="registered model name; one with class activation maps also localises")
    weights: str | None = Field("IMAGENET1K_V1", description="torchvision's name of pretrained weights; null: random")
    epochs: int = Field(30, ge=1)
    lr: float = tunable(1e-3, low=1e-5, high=1e-1, log=True, gt=0, description="learning rate of the backbone")
    head_lr_scale: float = Field(10.0, gt=0, description="learning rate of the new layers, in units of lr")
    checkpoint: Literal["last", "best"] = Field("best", description="which epoch is tested; best: by val metric")
    resize: int | None = Field(256, ge=16, description="side before the random crop of image_size; null: no crop")
    thresholds: int = Field(100, ge=1, description="score thresholds that the box metrics search")

    @field_validator("csv")
    @classmethod
    def _inside(cls, csv: str | None) -> str | None:
        if csv is not None and (Path(csv).is_absolute() or ".." in Path(csv).parts):
            raise ValueError("must be a file inside the folder of the images (path)")
        return csv

    @model_validator(mode="after")
    def _leaves_training_images(self) -> OwnImagesParams:
        if self.val_fraction + self.test_fraction >= 1:
            raise ValueError(
                "val_fraction and test_fraction must leave training images: their sum must be below 1 "
                f"(got {self.val_fraction + self.test_fraction:g})"
            )
        return self


class OwnImages(ImageTask):
    """Tell the classes of your own images apart.

    They are listed in a CSV file with the columns file and label, and optionally split, group, box, mask and caption,
    or lie in a folder for each class. Splits that are not given are drawn by a seed and kept in a file beside the
    images. Groups have accuracies of their own; where every image of a split has a box or a mask, networks with class
    activation maps are scored for localisation; where there are masks, `reliance` measures reliance on the background.
    """

    info = TaskInfo(
        title="Images",
        metrics=(
            ACCURACY,
            CLASS_ACCURACY,
            Metric(WORST_GROUP.name, WORST_GROUP.description, optional=True),
            *OPTIONAL_BOX_METRICS,
            *RELIANCE_METRICS,
        ),
        families=(class_metric("*"), group_metric("*")),
        selection={
            "val": "accuracy",
            "class-averaged": CLASS_ACCURACY.name,
            "worst-group": WORST_GROUP.name,
            "exchanged": EXCHANGED,
        },
        licence="as of the images",
        citation="as of the images",
        homepage="",
        splits={split: f"the images given to {split}, or drawn into it by split_seed" for split in SPLITS},
    )
    Params = OwnImagesParams
    params: OwnImagesParams
    variants = (
        FULL,
        MINI.having(
            csv="labels.csv",
            model="tiny-cam",
            weights=None,
            image_size=64,
            resize=72,
            epochs=20,
            lr=0.03,
            head_lr_scale=1.0,
            checkpoint="last",
        ),
    )
    folder = "images"
    probe = "cutmix"

    def __init__(self, params: Recipe, *, variant: str, data_root: Path) -> None:
        super().__init__(params, variant=variant, data_root=data_root)
        if self.params.path is None:
            return
        if self.generated:
            raise UserError("path: the images of the variant mini are generated: leave path out, or variant")
        self.root = data_root / Path(self.params.path).expanduser()

    @cached_property
    def content(self) -> Content:
        """The images with their splits, read once. Raises as `read_content`."""
        if self.generated:
            require_generated(self.root, self.name)
        return read_content(self.root, self.params.csv, self.draw)

    @property
    def draw(self) -> Draw:
        return Draw(self.params.val_fraction, self.params.test_fraction, self.params.split_seed)

    def class_names(self) -> Sequence[str]:
        return self.content.classes

    def group_names(self) -> Sequence[str]:
        return self.content.groups

    def generate(self, progress: Progress) -> None:
        from .mini import generate

        generate(self.root, progress)

    def read_split(self, split: Split) -> Sequence[ImageRecord]:
        return self.content.records(self.root, split)

    def annotation_files(self) -> Sequence[Path]:
        return [] if self.params.csv is None else [self.root / self.params.csv]

    def where_to_get_segmentations(self) -> str:
        return "Give each image a mask, white on the target: in the CSV's column mask, or in the folder masks."

    def captions(self) -> Mapping[str, Mapping[str, str]]:
        """Returns the base's captions, and those of the CSV file as the aspect `caption`."""
        found = dict(super().captions())
        for record in self.records("train"):
            if record.caption:
                found[record.id] = {**found.get(record.id, {}), "caption": record.caption}
        return found

    def prepare(self, progress: Progress) -> None:
        """Checks the images' headers, boxes and masks, and writes down the splits that were drawn."""
        super().prepare(progress)
        content = self.content
        require(size_problems(self.root, content.items), self.root)
        if content.drawn is not None:
            write_drawn(self.root, content.drawn, self.draw)

    def fingerprint(self) -> str:
        """Returns the base's fingerprint, which here also covers masks, since metrics depend on them, and the splits
        that were drawn."""
        items = self.content.items
        files = [self.root / name for item in items for name in (item.file, item.mask) if name]
        own = fingerprint(self.root, self.annotation_files(), files)
        splits = self.content.drawn and sorted(self.content.drawn.splits.items())
        return own if splits is None else hashlib.sha256(json.dumps([own, splits]).encode()).hexdigest()

    def data_problems(self, progress: Progress) -> list[str]:
        try:
            content = self.content
        except UserError as error:
            return str(error).split("\n")
        problems = dict.fromkeys(size_problems(self.root, content.items))
        problems |= dict.fromkeys(decoding_problems(self.root, content.items, progress))
        problems |= dict.fromkeys(label_conflicts(self.root, content.items))
        if content.drawn is not None and content.drawn.path is not None:
            problems |= dict.fromkeys(changed(self.root, content.drawn.digests, content.drawn.path))
        return list(problems)

    def predict(self, model: nn.Module, inputs: Tensor, labels: Tensor) -> list[dict[str, Any]]:
        """Returns `label` and `predicted` of each sample, and of networks with class activation maps `scoremap`, that
        of the true label, (h, w) float32, where a split has boxes."""
        if not (self._localises and isinstance(model, ScoreMapNetwork)):
            return super().predict(model, inputs, labels)
        logits, scoremaps = cast("ScoreMapNetwork", model).logits_and_scoremaps(inputs, labels)
        columns = zip(labels.tolist(), logits.argmax(dim=1).tolist(), scoremaps.float().cpu().numpy(), strict=True)
        return [{"label": label, "predicted": guess, "scoremap": scoremap} for label, guess, scoremap in columns]

    def score(self, split: Literal["val", "test"], ids: Sequence[str], predictions: Sequence[dict[str, Any]]) -> Scores:
        """Returns the accuracies, of each class and group too, and the box metrics where all images have boxes."""
        classes, groups = self.class_names(), self.group_names()
        scores = classification_scores(
            [*self.info.metrics, *map(class_metric, classes), *map(group_metric, groups)],
            ids,
            predictions,
            num_classes=len(classes),
            class_names=classes,
            group_names=groups,
            group_of={record.id: record.group for record in self.records(split) if record.group is not None},
        )
        boxes = self._boxes[split]
        if not boxes or "scoremap" not in predictions[0]:
            return scores
        correct = scores.samples["label"] == scores.samples["predicted"]
        maps = (prediction["scoremap"] for prediction in predictions)
        found = box_columns(maps, [boxes[name] for name in ids], correct, self.params.thresholds)
        metrics = {name: 100 * float(column.mean()) for name, column in found.items()}
        return Scores({**scores.metrics, **metrics}, {**scores.samples, **found})

    @property
    def _localises(self) -> bool:
        return any(self._boxes.values())

    @cached_property
    def _boxes(self) -> dict[str, dict[str, np.ndarray]]:
        """Boxes (n, 4) in pixels of the 224 x 224 image by split and id; {} for a split in which an image has none."""
        splits: tuple[Literal["val", "test"], ...] = ("val", "test")
        return {split: _boxes_of(self.records(split)) for split in splits}


def _boxes_of(records: Sequence[ImageRecord]) -> dict[str, np.ndarray]:
    if not all(record.boxes or record.segmentation for record in records):
        return {}
    return {record.id: _stretched(record) for record in records}


def _stretched(record: ImageRecord) -> np.ndarray:
    boxes = record.boxes
    if not boxes:
        assert record.segmentation is not None
        mask = read_mask(record.segmentation)
        if not mask.any():
            raise UserError(f"{record.segmentation}: the mask is empty: it must be white on the target of {record.id}")
        boxes = (bounding_box(mask),)
    return stretched_boxes(boxes, image_size(record.path))
