"""Classification under background shift: landbirds and waterbirds whose backgrounds give them away in training."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from provbench.registry import MODELS, Metric, Progress, Recipe, Scores, Task, TaskInfo, TrainingSet, Variant, tunable
from provbench.registry.base import UserError, torch

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
from .metrics import accuracy, group_accuracies, weighted_accuracy, worst_group_accuracy

if TYPE_CHECKING:
    from torch import Tensor, nn
    from torch.utils.data import Dataset


class WaterbirdsParams(Recipe):
    """ALIA's recipe: ResNet-50 from ImageNet, images resized and not augmented, the best epoch by validation."""

    protocol: data.Protocol = Field(
        "alia", description="; ".join(f"{name}: {what}" for name, what in data.PROTOCOLS.items())
    )
    model: str = Field("resnet50", description="registered model name")
    weights: str | None = Field("IMAGENET1K_V1", description="torchvision's name of pretrained weights; null: random")
    class_weighted: bool = Field(True, description="weigh the loss by the inverse of the class frequencies in training")
    epochs: int = Field(100, ge=1)
    batch_size: int = Field(128, ge=1)
    nesterov: bool = Field(False, description="momentum in Nesterov's form")
    lr: float = tunable(1e-3, low=1e-5, high=1e-1, log=True, gt=0, description="learning rate of the backbone")
    weight_decay: float = tunable(1e-4, low=1e-6, high=1e-2, log=True, ge=0)
    checkpoint: Literal["last", "best"] = Field("best", description="which epoch is tested; best: by val metric")
    resize: int | None = Field(None, ge=16, description="side before the random crop of image_size; null: no crop")
    hflip: bool = Field(False, description="mirror half of the training images")


class Waterbirds(Task):
    """Tell landbirds from waterbirds, on backgrounds that mislead half of the time.

    The validation and test splits have every class on both backgrounds equally often; the training split has 95 % of
    each class on its own, or all of it (`protocol: alia`). A metric of a group that a split lacks is left out of its
    scores, as `accuracy[landbird|water]` and `accuracy[waterbird|land]` are in ALIA's validation split.
    Source: Sagawa et al., "Distributionally Robust Neural Networks for Group Shifts" (ICLR 2020).
    """

    info = TaskInfo(
        title="Waterbirds",
        metrics=(
            Metric("accuracy", "share of images whose class is right"),
            Metric("worst-group accuracy", "the lowest accuracy within a group that the split has"),
            Metric(
                "accuracy (train-weighted)",
                "mean of the group accuracies, weighted by the groups' frequencies in the official training split; "
                "the 'average accuracy' of the GroupDRO literature",
            ),
            *(
                Metric(f"accuracy[{group}]", f"share of the {group.replace('|', 's on ')} images whose class is right")
                for group in data.GROUPS
            ),
        ),
        selection={"val": "accuracy", "worst-group": "worst-group accuracy"},
        licence=(
            "Made of CUB-200-2011 and Places365 images: non-commercial research and education, on the terms of both."
        ),
        citation=(
            "Sagawa et al., Distributionally Robust Neural Networks for Group Shifts (ICLR 2020); Wah et al., The "
            "Caltech-UCSD Birds-200-2011 Dataset (2011); Zhou et al., Places (TPAMI 2017); protocol alia: Dunlap et "
            "al., Diversify Your Vision Datasets with Automatic Diffusion-Based Augmentation (NeurIPS 2023)"
        ),
        homepage="https://github.com/kohpangwei/group_DRO",
        splits={
            "train": "original: the 4,795 official training images, 95 % on their class's own background; "
            "alia and alia-seed-0: 1,139 of them, all on their class's own background",
            "val": "original: the 1,199 official validation images, half on each background; "
            "alia and alia-seed-0: the 600 of them that are on their class's own background",
            "test": "the 5,794 official test images, half on each background",
        },
    )
    Params = WaterbirdsParams
    params: WaterbirdsParams
    presets: ClassVar = {
        "full": {},
        "mini": {
            "protocol": "original",
            "model": "tiny-cnn",
            "weights": None,
            "image_size": 64,
            "hflip": True,
            "epochs": 12,
            "batch_size": 32,
            "optimizer": "adamw",
            "lr": 3e-3,
            "weight_decay": 1e-2,
        },
    }
    folder = "waterbirds"
    probe = "cutmix"

    def __init__(self, params: Recipe, *, variant: Variant, data_root: Path) -> None:
        super().__init__(params, variant=variant, data_root=data_root)
        self.weights_dir = data_root / "weights"
        self._official: dict[data.Split, tuple[data.Bird, ...]] = {}

    @property
    def protocol(self) -> str:
        """The protocol in words, for the notes under a table."""
        return f"{self.params.protocol}: {data.PROTOCOLS[self.params.protocol]}"

    @classmethod
    def check(cls, params: Any) -> None:
        check_model(params.model, params.weights)

    def prepare(self, progress: Progress) -> None:
        if self.variant == "mini":
            from .mini import MINI, generate

            generate(self.root, progress, MINI)
            return
        birds = [bird for members in self._read().values() for bird in members]
        data.require_images(self.root, birds)
        progress(len(birds), len(birds))

    def missing_inputs(self) -> list[str]:
        weights = missing_weights(self.params.model, self.params.weights, self.weights_dir)
        return [*super().missing_inputs(), *weights]

    def fingerprint(self) -> str:
        # the same in both protocols, which are a parameter of a run; outlines change no run that does not read them,
        # and a synthetic set that was made from them has a fingerprint of its own
        images = [data.image_path(self.root, bird) for members in self._read().values() for bird in members]
        return fingerprint(self.root, [data.metadata_path(self.root)], images)

    def verify(self, progress: Progress) -> list[str]:
        if self.variant == "mini":
            from .mini import MINI

            require_generated(self.root, self.name)
            problems = generated_problems(self.root)
            return problems + data.verify(
                self.root, progress, counts={split: MINI.counts(split) for split in data.SPLITS}
            )
        return data.verify(self.root, progress)

    def birds(self) -> data.Birds:
        """The images as the protocol uses them. Raises as `data.read_metadata`."""
        return data.apply_protocol(self._read(), self.params.protocol)

    def training_set(self) -> TrainingSet:
        hint = data.where_to_get_segmentations(self.root)
        return RecordTrainingSet(
            self._records(self.birds().train),
            len(data.CLASSES),
            folder=self.root,
            hint=hint,
            orders={"alia": [bird.id for bird in data.alia_training_set(self._read())]},
        )

    def train_data(self, synthetic: Path | None) -> Dataset[Any]:
        from ..common import ImageDataset

        records = self._records(self.birds().train)
        if synthetic is not None:
            records = [*records, *synthetic_records(synthetic, len(data.CLASSES))]
        return ImageDataset(
            records,
            size=self.params.image_size,
            train=True,
            resize=self.params.resize,
            hflip=self.params.hflip,
            cache=self.variant == "mini",
        )

    def eval_data(self, split: Literal["val", "test"]) -> Dataset[Any]:
        from ..common import ImageDataset

        records = self._records(self._split(split))
        return ImageDataset(records, size=self.params.image_size, train=False, cache=self.variant == "mini")

    def build_model(self) -> nn.Module:
        return MODELS.get(self.params.model)(
            len(data.CLASSES),
            weights=self.params.weights,
            image_size=self.params.image_size,
            weights_dir=self.weights_dir,
        )

    def class_weight(self) -> Tensor | None:
        """(2,): images / (2 · images of the class) in the training split, without the images of a synthetic set."""
        if not self.params.class_weighted:
            return None
        counts = np.bincount([bird.label for bird in self.birds().train], minlength=len(data.CLASSES))
        if not counts.all():
            raise UserError(
                f"{data.metadata_path(self.root)}: class_weighted needs training images of both classes "
                f"(got {counts[0]} landbirds and {counts[1]} waterbirds)"
            )
        return torch.tensor(counts.sum() / (len(counts) * counts), dtype=torch.float32)

    def class_names(self) -> Sequence[str]:
        return data.CLASSES

    def predict(self, model: nn.Module, inputs: Tensor, labels: Tensor) -> list[dict[str, Any]]:
        """`label` and `predicted`."""
        columns = zip(labels.tolist(), model(inputs).argmax(dim=1).tolist(), strict=True)
        return [{"label": label, "predicted": guess} for label, guess in columns]

    def score(self, split: Literal["val", "test"], ids: Sequence[str], predictions: Sequence[dict[str, Any]]) -> Scores:
        """The metrics of `info`, without those of groups that the split lacks."""
        group_of = {bird.id: bird.group for bird in self._split(split)}
        groups = np.array([group_of[name] for name in ids])
        labels = np.array([prediction["label"] for prediction in predictions])
        predicted = np.array([prediction["predicted"] for prediction in predictions])
        per_group = group_accuracies(predicted, labels, groups, len(data.GROUPS))
        frequencies = data.group_counts(self._read()["train"])
        metrics = {
            "accuracy": accuracy(predicted, labels),
            "worst-group accuracy": worst_group_accuracy(per_group),
            "accuracy (train-weighted)": weighted_accuracy(per_group, frequencies),
        }
        for group, value in zip(data.GROUPS, per_group.tolist(), strict=True):
            if not np.isnan(value):
                metrics[f"accuracy[{group}]"] = value
        columns = {"label": labels, "predicted": predicted, "group": groups, "accuracy": labels == predicted}
        return Scores(metrics, {"id": np.array(ids), **columns})

    def pictures(self, model: nn.Module, count: int) -> dict[str, np.ndarray]:
        """Image and input gradient of test images."""
        from .pictures import sample_pictures

        return sample_pictures(self, model, count)

    def _read(self) -> dict[data.Split, tuple[data.Bird, ...]]:
        """The official splits, read once."""
        if not self._official:
            if self.variant == "mini":
                require_generated(self.root, self.name)
            self._official = data.read_metadata(self.root)
        return self._official

    def _split(self, split: Literal["val", "test"]) -> tuple[data.Bird, ...]:
        return getattr(self.birds(), split)

    def _records(self, birds: Sequence[data.Bird]) -> list[ImageRecord]:
        """The birds as records, with their outlines where the data set has them."""
        outlined = (self.root / data.SEGMENTATIONS).is_dir()
        return [
            ImageRecord(
                id=bird.id,
                path=data.image_path(self.root, bird),
                label=bird.label,
                segmentation=data.segmentation_path(self.root, bird) if outlined else None,
            )
            for bird in birds
        ]
