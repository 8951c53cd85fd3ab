"""Classification under background shift: landbirds and waterbirds whose backgrounds give them away in training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import Field

from provbench.registry import EXCHANGED, FULL, MINI, RELIANCE_METRICS, Progress, Recipe, TaskInfo, Variant
from provbench.registry.base import MissingDataError

from ..common import (
    ACCURACY,
    ALIA_MINI,
    SPLITS,
    TRAIN_WEIGHTED,
    WORST_GROUP,
    AliaRecipe,
    ImageRecord,
    ImageTask,
    Split,
    generated_problems,
    group_metric,
    require_generated,
)
from . import data

PHOTOS = Variant(
    "photos",
    {
        "protocol": "original",
        "model": "efficientnet-lite0",
        "weights": "IMAGENET1K_TF",
        "image_size": 96,
        "hflip": True,
        "epochs": 4,
        "batch_size": 16,
        "lr": 3e-3,
        "head_lr_scale": 10.0,
        "class_weighted": False,
    },
    suffix="-photos",
    banner="35 photographs of birds over 24 of scenes; it shows the path on real pixels and claims nothing about "
    "species",
)
PHOTOS_FOLDER = f"waterbirds{PHOTOS.suffix}"


class WaterbirdsParams(AliaRecipe):
    """ALIA's recipe: ResNet-50 from ImageNet, images resized and not augmented, the best epoch by validation."""

    protocol: data.Protocol = Field(
        "alia", description="; ".join(f"{name}: {what}" for name, what in data.PROTOCOLS.items())
    )


class Waterbirds(ImageTask):
    """Tell landbirds from waterbirds, on backgrounds that mislead half of the time.

    The validation and test splits have every class on both backgrounds equally often; the training split has 95 % of
    each class on its own, or all of it (`protocol: alia`). A metric of a group that a split lacks is left out of its
    scores, as `accuracy[landbird|water]` and `accuracy[waterbird|land]` are in ALIA's validation split.
    Source: Sagawa et al., "Distributionally Robust Neural Networks for Group Shifts" (ICLR 2020).
    """

    info = TaskInfo(
        title="Waterbirds",
        metrics=(
            ACCURACY,
            WORST_GROUP,
            TRAIN_WEIGHTED,
            *(group_metric(group, group.replace("|", "s on ")) for group in data.GROUPS),
            *RELIANCE_METRICS,
        ),
        selection={"val": "accuracy", "worst-group": "worst-group accuracy", "exchanged": EXCHANGED},
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
            "alia and alia-seed-0: 1,139 of them, all on their class's own background; gals: 4,795 of an archive of "
            "their own, all on their class's own background",
            "val": "original and gals: the 1,199 official validation images, half on each background; "
            "alia and alia-seed-0: the 600 of them that are on their class's own background",
            "test": "the 5,794 official test images, half on each background",
        },
    )
    Params = WaterbirdsParams
    params: WaterbirdsParams
    variants = (
        FULL,
        MINI.having(**ALIA_MINI, protocol="original", image_size=64, hflip=True),
        PHOTOS,
    )
    folder = "waterbirds"
    probe = "cutmix"
    classes = data.CLASSES
    groups = data.GROUPS
    target = "the bird"

    def __init__(self, params: Recipe, *, variant: str, data_root: Path) -> None:
        super().__init__(params, variant=variant, data_root=data_root)
        self._metadata: dict[Split, tuple[data.Bird, ...]] = {}

    @property
    def archive(self) -> str:
        """The folder of the archive that the protocol reads."""
        return data.archive_of(self.params.protocol)

    @classmethod
    def setting(cls, params: Recipe) -> str:
        assert isinstance(params, WaterbirdsParams)
        return f"protocol {params.protocol}: {data.PROTOCOLS[params.protocol]}"

    def generate(self, progress: Progress) -> None:
        from .mini import MINI, generate

        generate(self.root, progress, MINI)

    def read_split(self, split: Split) -> Sequence[ImageRecord]:
        return data.records(self.root, self._birds()[split], self.archive)

    def choose(self, split: Split, official: Sequence[ImageRecord]) -> Sequence[ImageRecord]:
        records = {record.id: record for record in official}
        return [records[bird.id] for bird in getattr(self.birds(), split)]

    def annotation_files(self) -> Sequence[Path]:
        return [data.metadata_path(self.root, self.archive)]

    def data_problems(self, progress: Progress) -> list[str]:
        if self.generated:
            from .mini import MINI

            return data.verify(self.root, progress, counts={split: MINI.counts(split) for split in SPLITS})
        if self.variant == PHOTOS.name:
            from .photos import PHOTOS as SET

            problems = data.verify(self.root, progress, counts={split: SET.counts(split) for split in SPLITS})
            return [*generated_problems(self.root), *problems]
        return data.verify(self.root, progress, self.archive)

    def where_to_get(self) -> str:
        if self.variant == PHOTOS.name:
            return "`provbench data photos` makes it out of Debian packages."
        return data.where_to_get(self.root, self.archive)

    def where_to_get_segmentations(self) -> str:
        return data.where_to_get_segmentations(self.root)

    def orders(self) -> Mapping[str, Sequence[str]]:
        return {"alia": [bird.id for bird in data.alia_training_set(self._birds())]}

    def birds(self) -> data.Birds:
        """Returns the images as the protocol uses them. Raises as `data.read_metadata`."""
        return data.apply_protocol(self._birds(), self.params.protocol)

    def _birds(self) -> dict[Split, tuple[data.Bird, ...]]:
        """Returns the official splits, read once."""
        if not self._metadata:
            if self.generated:
                data.require_official_archive(self.params.protocol)
                require_generated(self.root, self.name)
            if self.variant == PHOTOS.name:
                self._require_photos()
            self._metadata = data.read_metadata(self.root, self.archive)
        return self._metadata

    def _require_photos(self) -> None:
        data.require_official_archive(self.params.protocol)
        if not data.metadata_path(self.root).is_file():
            raise MissingDataError(f"{data.metadata_path(self.root)}: no such file. {self.where_to_get()}")
