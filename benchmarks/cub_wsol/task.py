"""Weakly supervised object localisation on CUB-200-2011: trained on class labels, tested on bounding boxes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, ClassVar, Literal, cast

import numpy as np
from pydantic import Field, ValidationInfo, field_validator

from provbench.registry import MODELS, Metric, Progress, Recipe, Scores, Task, TaskInfo, TrainingSet, Variant, tunable
from provbench.registry.base import MissingDataError, UserError

from ..common import (
    ImageRecord,
    RecordTrainingSet,
    check_model,
    fingerprint,
    generated_problems,
    missing_weights,
    require_generated,
    synthetic_records,
)
from . import data
from .metrics import DELTAS, localize, normalize_scoremap

if TYPE_CHECKING:
    from torch import Tensor, nn
    from torch.utils.data import Dataset

    from .model import CAMNetwork


class CubWsolParams(Recipe):
    """The WSOL evaluation's recipe for VGG-16 and CAM.

    Its trainer divides the learning rate by ten before epochs 15, 30 and 45, counted from 1.
    """

    model: str = Field("vgg16-cam", description="registered model; one that makes class activation maps")
    weights: str | None = Field("IMAGENET1K_V1", description="torchvision's name of pretrained weights; null: random")
    epochs: int = Field(50, ge=1)
    lr: float = tunable(1.268269e-5, low=1e-5, high=1e-1, log=True, gt=0, description="learning rate of the backbone")
    head_lr_scale: float = Field(10.0, gt=0, description="learning rate of the new layers, in units of lr")
    schedule: Literal["constant", "cosine", "step", "wsol-step"] = "wsol-step"
    resize: int | None = Field(256, ge=16, description="side before the random crop of image_size; null: no crop")
    thresholds: int = Field(1000, ge=1, description="score thresholds that the box metrics search")

    @field_validator("resize")
    @classmethod
    def _holds_the_crop(cls, resize: int | None, info: ValidationInfo) -> int | None:
        if resize is not None and resize < info.data.get("image_size", 0):
            raise ValueError(f"must be at least image_size, {info.data['image_size']}, the side of the crop")
        return resize


def _metrics() -> tuple[Metric, ...]:
    best = "at its best score threshold"
    return (
        Metric("MaxBoxAccV2", "mean of the three below"),
        *(
            Metric(f"MaxBoxAccV2@{round(100 * delta)}", f"share of images with a box of IoU ≥ {delta}, {best}")
            for delta in DELTAS
        ),
        Metric("MaxBoxAcc", f"share of images whose largest contour's box has IoU ≥ 0.5, {best}"),
        Metric("GT-known Loc", "MaxBoxAcc under the literature's name"),
        Metric("Top-1 Loc", "share of images that are right in MaxBoxAcc and in their class"),
        Metric("accuracy", "share of images whose class is right"),
    )


class CubWsol(Task):
    """Localise birds with a classifier: CUB-200-2011, boxes from class activation maps.

    The score map of an image is that of its true class, so that localisation is measured apart from classification.
    Source: Choe et al., "Evaluating Weakly Supervised Object Localization Methods Right" (CVPR 2020).
    """

    info = TaskInfo(
        title="CUB-200-2011, weakly supervised object localisation",
        metrics=_metrics(),
        selection={"val": "MaxBoxAccV2"},
        licence=(
            "CUB-200-2011: non-commercial research and education. CUBV2: labels and boxes CC BY 2.0 (NAVER Corp.), "
            "images under the licences that its repository lists for each."
        ),
        citation=(
            "Wah et al., The Caltech-UCSD Birds-200-2011 Dataset (2011); Choe et al., Evaluating Weakly Supervised "
            "Object Localization Methods Right (CVPR 2020)"
        ),
        homepage="https://github.com/clovaai/wsolevaluation",
        splits={
            "train": "train-weaksup: the 5,994 official training images, with class labels only",
            "val": "train-fullsup: the 1,000 images of CUBV2, with boxes",
            "test": "the 5,794 official test images, with boxes",
        },
    )
    Params = CubWsolParams
    params: CubWsolParams
    presets: ClassVar = {
        "full": {},
        "mini": {
            "model": "tiny-cam",
            "weights": None,
            "image_size": 64,
            "resize": 72,
            "epochs": 24,
            "lr": 0.03,
            "head_lr_scale": 1.0,
            "schedule": "cosine",
            "thresholds": 100,
            "val_every": 6,
        },
    }
    folder = "cub-wsol"
    probe = "cutmix"

    def __init__(self, params: Recipe, *, variant: Variant, data_root: Path) -> None:
        super().__init__(params, variant=variant, data_root=data_root)
        self.weights_dir = data_root / "weights"
        self._splits: dict[data.Split, list[data.Bird]] = {}

    @property
    def num_classes(self) -> int:
        from .mini import MINI

        return MINI.species if self.variant == "mini" else data.NUM_CLASSES

    def class_names(self) -> Sequence[str]:
        names = {bird.label: PurePosixPath(bird.id).parent.name for bird in self._birds("train")}
        return [names.get(label, str(label)).lstrip("0123456789.") or str(label) for label in range(self.num_classes)]

    @classmethod
    def check(cls, params: Any) -> None:
        check_model(params.model, params.weights)

    def prepare(self, progress: Progress) -> None:
        if self.variant == "mini":
            from .mini import generate

            generate(self.root, progress)
            return
        for done, split in enumerate(data.SPLITS, start=1):
            paths = [record.path for record in self._records(split)]
            missing = [path for path in paths if not path.is_file()]
            if missing:
                raise MissingDataError(
                    f"{missing[0]}: no such image ({len(missing)} of the {len(paths)} of split {split} are missing).\n"
                    f"{data.where_to_get(self.root)}"
                )
            progress(done, len(data.SPLITS))

    def missing_inputs(self) -> list[str]:
        weights = missing_weights(self.params.model, self.params.weights, self.weights_dir)
        return [*super().missing_inputs(), *weights]

    def fingerprint(self) -> str:
        # the outlines do not count: having them or not changes no run, and a synthetic set has a fingerprint of its own
        images = [record.path for split in data.SPLITS for record in self._records(split)]
        return fingerprint(self.root, data.metadata_files(self.root), images)

    def verify(self, progress: Progress) -> list[str]:
        if self.variant == "mini":
            from .mini import MINI

            require_generated(self.root, self.name)
            counts, problems = {split: MINI.count(split) for split in data.SPLITS}, generated_problems(self.root)
        else:
            counts, problems = data.COUNTS, []
        return problems + data.verify(self.root, progress, num_classes=self.num_classes, counts=counts)

    def training_set(self) -> TrainingSet:
        hint = data.where_to_get_segmentations(self.root)
        return RecordTrainingSet(self._records("train"), self.num_classes, folder=self.root, hint=hint)

    def train_data(self, synthetic: Path | None) -> Dataset[Any]:
        from ..common import ImageDataset

        records = self._records("train")
        if synthetic is not None:
            records = [*records, *synthetic_records(synthetic, self.num_classes)]
        size, resize = self.params.image_size, self.params.resize
        return ImageDataset(records, size=size, train=True, resize=resize, cache=self.variant == "mini")

    def eval_data(self, split: Literal["val", "test"]) -> Dataset[Any]:
        from ..common import ImageDataset

        records = self._records(split)
        return ImageDataset(records, size=self.params.image_size, train=False, cache=self.variant == "mini")

    def build_model(self) -> nn.Module:
        """A `CAMNetwork`, or any module with its `logits_and_scoremaps`; `UserError` for others."""
        model = MODELS.get(self.params.model)(
            self.num_classes,
            weights=self.params.weights,
            image_size=self.params.image_size,
            weights_dir=self.weights_dir,
        )
        if not hasattr(model, "logits_and_scoremaps"):
            raise UserError(f"model: {self.params.model} makes no class activation maps; vgg16-cam does, for one")
        return model

    def predict(self, model: nn.Module, inputs: Tensor, labels: Tensor) -> list[dict[str, Any]]:
        """`label`, `predicted`, and `scoremap`: the class activation map of the true label, (h, w) float32 as it is."""
        logits, scoremaps = cast("CAMNetwork", model).logits_and_scoremaps(inputs, labels)
        columns = zip(labels.tolist(), logits.argmax(dim=1).tolist(), scoremaps.float().cpu().numpy(), strict=True)
        return [{"label": label, "predicted": guess, "scoremap": scoremap} for label, guess, scoremap in columns]

    def score(self, split: Literal["val", "test"], ids: Sequence[str], predictions: Sequence[dict[str, Any]]) -> Scores:
        """Every metric is the mean of the column of its name, in percent.

        Boxes are compared at 224 x 224 pixels, whatever the model's input.
        """
        truth = {bird.id: data.resize_boxes(bird) for bird in self._birds(split)}
        maps = (normalize_scoremap(prediction["scoremap"]) for prediction in predictions)
        found = localize(maps, [truth[name] for name in ids], thresholds=self.params.thresholds)
        labels = np.array([prediction["label"] for prediction in predictions])
        predicted = np.array([prediction["predicted"] for prediction in predictions])
        correct = labels == predicted
        at = {f"MaxBoxAccV2@{round(100 * delta)}": found.hits(delta, "all") for delta in DELTAS}
        largest = found.hits(0.5, "largest")
        columns: dict[str, np.ndarray] = {
            "MaxBoxAccV2": np.mean(list(at.values()), axis=0),
            **at,
            "MaxBoxAcc": largest,
            "GT-known Loc": largest,
            "Top-1 Loc": largest & correct,
            "accuracy": correct,
        }
        metrics = {name: 100 * float(column.mean()) for name, column in columns.items()}
        return Scores(metrics, {"id": np.array(ids), "label": labels, "predicted": predicted, **columns})

    def pictures(self, model: nn.Module, count: int) -> dict[str, np.ndarray]:
        """Image, class activation map with the true and the predicted box, and input gradient of test images."""
        from .pictures import sample_pictures

        return sample_pictures(self, model, count)

    def true_boxes(self, split: data.Split, name: str) -> np.ndarray:
        """(n, 4): the boxes of an image, in pixels of the 224 x 224 image."""
        return next(data.resize_boxes(bird) for bird in self._birds(split) if bird.id == name)

    def image_path(self, split: data.Split, name: str) -> Path:
        return data.image_folder(self.root, split, self._birds(split)) / name

    def _birds(self, split: data.Split) -> list[data.Bird]:
        if split not in self._splits:
            if self.variant == "mini":
                require_generated(self.root, self.name)
            self._splits[split] = data.read_split(self.root, split, self.num_classes)
        return self._splits[split]

    def _records(self, split: data.Split) -> list[ImageRecord]:
        birds = self._birds(split)
        images = data.image_folder(self.root, split, birds)
        outlines = data.segmentation_folder(self.root) if split == "train" else None
        return [
            ImageRecord(
                id=bird.id,
                path=images / bird.id,
                label=bird.label,
                segmentation=data.segmentation_path(outlines, bird) if outlines else None,
            )
            for bird in birds
        ]
