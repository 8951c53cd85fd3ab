"""Fine-grained classification of birds, in the splits of ALIA."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

from pydantic import Field

from provbench.registry import FULL, MINI, Progress, ProtocolRules, Recipe, TaskInfo, tunable
from provbench.registry.base import UserError

from ..common import ACCURACY, ALIA_MINI, CLASS_ACCURACY, AliaRecipe, ImageRecord, ImageTask, Split, image_problems
from ..layouts import MINI as MINI_SET, MINI_CLASSES, Cub as Layout, generate

HELD_OUT = 5
"""Last training images of each class that ALIA holds out, and validates nothing on."""


class CubParams(AliaRecipe):
    """ALIA's recipe, with its learning rate for CUB."""

    lr: float = tunable(1e-2, low=1e-5, high=1e-1, log=True, gt=0, description="learning rate of the backbone")
    validation: Literal["held-out", "test"] = Field(
        "held-out",
        description="images that choose the epoch: held-out: the last five training images of each class; test: the "
        "test images, as ALIA has it, which only the selection protocol oracle sets",
    )


class Cub(ImageTask):
    """Tell 200 birds apart, trained on all but the last five training images of each class.

    ALIA holds those out, as the real images that its edits are compared with, and chooses the epoch on the test images.
    Here they are the validation split, which costs no training image; ALIA's own choice is the protocol `oracle`.
    Source: Wah et al., "The Caltech-UCSD Birds-200-2011 Dataset" (2011).
    """

    info = TaskInfo(
        title="CUB-200-2011, classification",
        metrics=(ACCURACY, CLASS_ACCURACY),
        selection={"val": "accuracy"},
        rules={"oracle": ProtocolRules(trials={"validation": "test"}, finals={"validation": "test"})},
        licence=Layout.licence,
        citation=(
            f"{Layout.citation}; splits: Dunlap et al., Diversify Your Vision Datasets with Automatic Diffusion-Based "
            "Augmentation (NeurIPS 2023)"
        ),
        homepage=Layout.homepage,
        splits={
            "train": "4,994 of the 5,994 official training images: all but the last five of each class",
            "val": "those last five of each class, 1,000 images; in the protocol oracle the test images",
            "test": "the 5,794 official test images",
        },
    )
    Params = CubParams
    params: CubParams
    variants = (FULL, MINI.having(**ALIA_MINI, image_size=32))
    folder = "cub"
    probe = "cutmix"
    target = "the bird"
    layout = Layout()

    def class_names(self) -> Sequence[str]:
        return self.layout.class_names(self.root)

    @property
    def num_classes(self) -> int:
        return MINI_CLASSES if self.generated else Layout.classes

    def generate(self, progress: Progress) -> None:
        generate(self.root, self.layout, progress)

    def read_split(self, split: Split) -> Sequence[ImageRecord]:
        if split == "test":
            return self.layout.read(self.root, "test")
        kept, held_out = hold_out(self.layout.read(self.root, "train"))
        return kept if split == "train" else held_out

    def choose(self, split: Split, official: Sequence[ImageRecord]) -> Sequence[ImageRecord]:
        return self.official("test") if (split, self.params.validation) == ("val", "test") else official

    def annotation_files(self) -> Sequence[Path]:
        return self.layout.annotation_files(self.root)

    def data_problems(self, progress: Progress) -> list[str]:
        wanted = (MINI_SET.train + MINI_SET.test) * MINI_CLASSES if self.generated else Layout.images
        try:
            records = [record for part in ("train", "test") for record in self.layout.read(self.root, part)]
        except UserError as error:
            return [str(error)]
        found = len(records)
        count = [] if found == wanted else [f"{self.root}: expected {wanted} images (got {found}): unpack it again"]
        return [*count, *image_problems(records, progress)]

    def where_to_get(self) -> str:
        return self.layout.where_to_get(self.root)

    def where_to_get_segmentations(self) -> str:
        return self.layout.where_to_get_segmentations(self.root)

    def orders(self) -> Mapping[str, Sequence[str]]:
        """ALIA numbers the training images class by class, in the order of `images.txt`, without those held out."""
        return {"alia": [record.id for record in sorted(self.official("train"), key=lambda record: record.label)]}

    @classmethod
    def setting(cls, params: Recipe) -> str:
        assert isinstance(params, CubParams)
        if params.validation == "test":
            return "as ALIA has it, the epoch is chosen on the test images themselves"
        return "the epoch is chosen on the five training images of each class that ALIA holds out"


def hold_out(records: Sequence[ImageRecord], count: int = HELD_OUT) -> tuple[list[ImageRecord], list[ImageRecord]]:
    """Returns the images without the last `count` of each class, and these, both in the order of `records`."""
    of_class: dict[int, list[ImageRecord]] = defaultdict(list)
    for record in records:
        of_class[record.label].append(record)
    held_out = {record.id for members in of_class.values() for record in members[-count:]}
    return [one for one in records if one.id not in held_out], [one for one in records if one.id in held_out]
