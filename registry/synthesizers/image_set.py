"""Generated images of any tool, taken in by class."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

from pydantic import Field

from ..base import UserError, file_digests, image_size, missing_messages
from ..contracts import ClassNamed, Synthesizer, TrainingSet
from ..params import Params, location
from .generated_files import SHOWN, GeneratedImage, read_generated
from .manifest import Header, SyntheticImage, write_manifest


class ImageSetParams(Params):
    path: str = location(
        "generated",
        min_length=1,
        description="folder or CSV file of the images: absolute, or relative to the data set's own folder",
    )
    per_class: int | None = Field(None, ge=1, description="most images of each class; null: all")
    seed: int = Field(0, ge=0, description="of the choice among a class's images")


class ImageSet(Synthesizer):
    """Take in a folder of generated images, whatever tool made them.

    They lie in folders that are named as the task's classes, or numbered from 0 in the classes' order, or are listed in
    a CSV file with the columns `file` and `label`, and optionally `mask`, `source` and `caption`. A mask, white where
    the pixel comes from the label's target, is the provenance that guidance follows; without one the whole image counts
    as the target's and is not guided. Masks of images in folders lie under `masks`, which repeats the folders:
    `jay/7.jpg` has `masks/jay/7.png`. A source is the id of the training image that an image was made from; one that is
    not in the training set is refused, since it may be a test image.

    Every name is checked against the task's classes; spellings may differ in case, blanks, hyphens and underscores.
    The images' contents are part of the run key, and where they lie is not. Raises `MissingDataError` where there is
    nothing, and `UserError` that lists every fault with file and line.
    """

    Params = ImageSetParams
    params: ImageSetParams
    reads_segmentations: ClassVar[bool] = False

    def missing_inputs(self, data: TrainingSet) -> list[str]:
        return missing_messages(lambda: self.find(data))

    def fingerprint(self, data: TrainingSet) -> str:
        """Returns a digest of the images' names, labels, sources, captions and contents, and of their masks'."""
        images = self.find(data)
        if not images:
            return ""
        root = images[0].root
        files = [root / name for image in images for name in (image.file, image.mask) if name is not None]
        known = file_digests(root, files)
        rows = [
            [
                image.file,
                image.label,
                image.source,
                image.caption,
                known[root / image.file],
                image.mask and known[root / image.mask],
            ]
            for image in images
        ]
        return hashlib.sha256(json.dumps(rows).encode()).hexdigest()

    def synthesize(self, data: TrainingSet, out: Path, progress: Callable[[int, int], None]) -> None:
        for folder in ("images", "masks"):
            (out / folder).mkdir(parents=True, exist_ok=True)
        chosen = self.choose(self.find(data), data.num_classes)
        wrong = [problem for image in chosen if (problem := _size_problem(image))]
        if wrong:
            raise UserError("\n".join(wrong[:SHOWN]))
        rows = []
        for number, image in enumerate(chosen):
            rows.append(self._take(image, f"{number:06d}", out))
            progress(number + 1, len(chosen))
        write_manifest(out, Header.of(self, len(rows)), rows)

    def find(self, data: TrainingSet) -> list[GeneratedImage]:
        """Returns every image, in the order of the file or of the folders. Raises as `read_generated`."""
        names = data.class_names() if isinstance(data, ClassNamed) else [str(n) for n in range(data.num_classes)]
        place = data.folder / Path(self.params.path).expanduser()
        return read_generated(place, names, [data.sample_id(index) for index in range(len(data))])

    def choose(self, images: list[GeneratedImage], num_classes: int) -> list[GeneratedImage]:
        """Returns at most `per_class` images of each class, in their order; the seed decides which."""
        import numpy as np

        if self.params.per_class is None:
            return images
        left = [self.params.per_class] * num_classes
        kept = []
        for place in np.random.default_rng(self.params.seed).permutation(len(images)).tolist():
            if left[images[place].label]:
                left[images[place].label] -= 1
                kept.append(place)
        return [images[place] for place in sorted(kept)]

    def _take(self, image: GeneratedImage, stem: str, out: Path) -> SyntheticImage:
        """Copies an image and its mask under names that no other has."""
        file = f"images/{stem}{Path(image.file).suffix.lower()}"
        shutil.copyfile(image.root / image.file, out / file)
        mask = None if image.mask is None else f"masks/{stem}{Path(image.mask).suffix.lower()}"
        if image.mask is not None and mask is not None:
            shutil.copyfile(image.root / image.mask, out / mask)
        return SyntheticImage(
            file=file,
            source=image.source,
            label=image.label,
            change=f"image set, {image.file}",
            seed=self.params.seed,
            mask=mask,
            prompt=image.caption,
        )


def _size_problem(image: GeneratedImage) -> str:
    """Returns what is wrong with an image or its mask as far as the files' headers show, or ""."""
    try:
        size = image_size(image.root / image.file)
        mask = image_size(image.root / image.mask) if image.mask else size
    except UserError as error:
        return str(error)
    if mask == size:
        return ""
    return (
        f"{image.where}: mask {image.mask} has {mask[0]}x{mask[1]} pixels, and {image.file} {size[0]}x{size[1]}: a "
        "mask must be of its image's size"
    )
