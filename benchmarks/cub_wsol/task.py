"""Weakly supervised object localisation on CUB-200-2011: trained on class labels, tested on bounding boxes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Literal, cast

import numpy as np
from pydantic import Field

from provbench.registry import FULL, MINI, Progress, Recipe, ScoreMapNetwork, Scores, TaskInfo, added, tunable

from ..common import ACCURACY, SPLITS, ImageRecipe, ImageRecord, ImageTask, Split, require_generated
from . import data
from .scoring import BOX_METRICS, box_columns
from .single_component import SAT_METRICS, single_component

if TYPE_CHECKING:
    from torch import Tensor, nn

    from provbench.registry import Panel


class CubWsolParams(ImageRecipe):
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
    sat_evaluator: bool = added(False, description="measure the metrics of SAT's own evaluator, too")


class CubWsol(ImageTask):
    """Localise birds with a classifier: CUB-200-2011, boxes from class activation maps.

    The score map of an image is that of its true class, so that localisation is measured apart from classification.
    Source: Choe et al., "Evaluating Weakly Supervised Object Localization Methods Right" (CVPR 2020).
    """

    info = TaskInfo(
        title="CUB-200-2011, weakly supervised object localisation",
        metrics=(*BOX_METRICS, ACCURACY, *SAT_METRICS),
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
    variants = (
        FULL,
        MINI.having(
            model="tiny-cam",
            weights=None,
            image_size=64,
            resize=72,
            epochs=24,
            lr=0.03,
            head_lr_scale=1.0,
            schedule="cosine",
            thresholds=100,
            val_every=6,
        ),
    )
    folder = "cub-wsol"
    probe = "cutmix"
    class_prompt = "a bird photo of a {}"
    network = ScoreMapNetwork

    def __init__(self, params: Recipe, *, variant: str, data_root: Path) -> None:
        super().__init__(params, variant=variant, data_root=data_root)
        self._splits: dict[Split, list[data.Bird]] = {}

    @property
    def num_classes(self) -> int:
        from .mini import MINI

        return MINI.species if self.generated else data.NUM_CLASSES

    def class_names(self) -> Sequence[str]:
        names = {record.label: PurePosixPath(record.id).parent.name for record in self.official("train")}
        return [names.get(label, str(label)).lstrip("0123456789.") or str(label) for label in range(self.num_classes)]

    @classmethod
    def preload(cls) -> None:
        super().preload()
        from .contours import best_fits

        best_fits(np.zeros((4, 4), np.uint8), np.array([[0, 0, 1, 1]]), np.zeros(1))

    def generate(self, progress: Progress) -> None:
        from .mini import generate

        generate(self.root, progress)

    def read_split(self, split: Split) -> Sequence[ImageRecord]:
        birds = self._birds(split)
        images = data.image_folder(self.root, split, birds)
        outlines = data.segmentation_folder(self.root) if split == "train" else None
        return [
            ImageRecord(
                id=bird.id,
                path=images / bird.id,
                label=bird.label,
                segmentation=data.segmentation_path(outlines, bird) if outlines else None,
                boxes=bird.boxes,
            )
            for bird in birds
        ]

    def annotation_files(self) -> Sequence[Path]:
        return data.metadata_files(self.root)

    def data_problems(self, progress: Progress) -> list[str]:
        from .mini import MINI

        counts = {split: MINI.count(split) for split in SPLITS} if self.generated else data.COUNTS
        return data.verify(self.root, progress, num_classes=self.num_classes, counts=counts)

    def where_to_get(self) -> str:
        return data.where_to_get(self.root)

    def where_to_get_segmentations(self) -> str:
        return data.where_to_get_segmentations(self.root)

    def predict(self, model: nn.Module, inputs: Tensor, labels: Tensor) -> list[dict[str, Any]]:
        """`label`, `predicted`, and `scoremap`: the class activation map of the true label, (h, w) float32 as it is."""
        logits, scoremaps = cast("ScoreMapNetwork", model).logits_and_scoremaps(inputs, labels)
        columns = zip(labels.tolist(), logits.argmax(dim=1).tolist(), scoremaps.float().cpu().numpy(), strict=True)
        return [{"label": label, "predicted": guess, "scoremap": scoremap} for label, guess, scoremap in columns]

    def score(self, split: Literal["val", "test"], ids: Sequence[str], predictions: Sequence[dict[str, Any]]) -> Scores:
        """Every metric is the mean of the column of its name, in percent.

        Boxes are compared at 224 x 224 pixels, whatever the model's input.
        """
        import torch

        truth = {bird.id: data.resize_boxes(bird) for bird in self._birds(split)}
        maps, boxes = [prediction["scoremap"] for prediction in predictions], [truth[name] for name in ids]
        labels = np.array([prediction["label"] for prediction in predictions])
        predicted = np.array([prediction["predicted"] for prediction in predictions])
        correct = labels == predicted
        found = box_columns(maps, boxes, correct, self.params.thresholds, torch.get_num_threads())
        columns: dict[str, np.ndarray] = {**found, "accuracy": correct}
        if self.params.sat_evaluator:
            columns |= single_component(maps, boxes, correct)
        metrics = {name: 100 * float(column.mean()) for name, column in columns.items()}
        return Scores(metrics, {"id": np.array(ids), "label": labels, "predicted": predicted, **columns})

    def pictures(self, model: nn.Module, count: int) -> dict[str, np.ndarray]:
        """Image, class activation map with the true and the predicted box, and input gradient of test images."""
        from .pictures import sample_pictures

        return sample_pictures(self, model, count)

    def overlay_places(self, count: int) -> list[int]:
        from .overlays import one_of_each_class

        return one_of_each_class(self, count)

    def overlay(self, model: nn.Module | None, places: Sequence[int]) -> list[Panel]:
        """Test images with the true boxes, and score maps with the predicted ones."""
        from .overlays import found_panels, true_panels

        return true_panels(self, places) if model is None else found_panels(self, model, places)

    @property
    def thresholds(self) -> int:
        """Score thresholds that the box metrics search."""
        return self.params.thresholds

    def true_boxes(self, split: Split, name: str) -> np.ndarray:
        """(n, 4): the boxes of an image, in pixels of the 224 x 224 image."""
        return next(data.resize_boxes(bird) for bird in self._birds(split) if bird.id == name)

    def image_path(self, split: Split, name: str) -> Path:
        return data.image_folder(self.root, split, self._birds(split)) / name

    def _birds(self, split: Split) -> list[data.Bird]:
        if split not in self._splits:
            if self.generated:
                require_generated(self.root, self.name)
            self._splits[split] = data.read_split(self.root, split, self.num_classes)
        return self._splits[split]
