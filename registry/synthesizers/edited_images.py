"""Edited images that another program made: ALIA's, or any editor's."""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

from pydantic import Field

from ..contracts import Synthesizer, TrainingSet
from ..errors import MissingDataError, UserError
from .difference import DifferenceParams
from .image_files import read_image, write_mask
from .manifest import Header, SyntheticImage, write_manifest

FILE_NAME = re.compile(r"(\d+)-(\d+)\.(?:png|jpe?g)", re.IGNORECASE)


class EditedImagesParams(DifferenceParams):
    edits: str = Field("alia", pattern=r"^[\w.-]+$", description="folder edits/NAME of the data set's own folder")
    per_source: int | None = Field(1, ge=1, description="most edits of one training image; null: all")
    per_class: tuple[int, ...] | None = Field(
        None, description="most edits of each class, in the order of the classes; null: all"
    )
    seed: int = Field(0, ge=0, description="of the choice among the edits")


class EditedImages(Synthesizer):
    """Take in a folder of edited training images, and find what each edit left alone.

    The files lie in `edits/NAME` of the data set's own folder and are named `{training image}-{edit}.png`, training
    images counted from 0 in the order of the training set: the names that ALIA's code gives its edits. Their labels are
    their sources'. ALIA takes one edit of a source, and of each class as many as its set of extra real images has.

    Each mask comes from the difference of source and edit alone. Raises `MissingDataError` where the folder is missing
    or has no such file, `UserError` for a file of a training image that does not exist.

    Source: Dunlap et al., "Diversify Your Vision Datasets with Automatic Diffusion-Based Augmentation" (NeurIPS 2023),
    reference implementation lisadunlap/ALIA; provenance by Nagano et al. (CVPR 2026).
    """

    Params = EditedImagesParams
    params: EditedImagesParams

    def fingerprint(self, data: TrainingSet) -> str:
        """Of the edits' names and contents."""
        digest = hashlib.sha256()
        for _, path in self.find(data):
            digest.update(f"{path.name} {hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
        return digest.hexdigest()

    def synthesize(self, data: TrainingSet, out: Path, progress: Callable[[int, int], None]) -> None:
        for folder in ("images", "masks"):
            (out / folder).mkdir(parents=True, exist_ok=True)
        chosen = self.choose(data, self.find(data))
        rows = []
        for index, path in chosen:
            image, mask = f"images/{path.name}", f"masks/{path.stem}.png"
            write_mask(out / mask, self.params.provenance(data.image(index), read_image(path)))
            shutil.copyfile(path, out / image)
            rows.append(
                SyntheticImage(
                    file=image,
                    source=data.sample_id(index),
                    label=data.label(index),
                    change=f"edits/{self.params.edits}/{path.name}",
                    seed=self.params.seed,
                    mask=mask,
                )
            )
            progress(len(rows), len(chosen))
        write_manifest(out, Header.of(self, len(rows)), rows)

    def find(self, data: TrainingSet) -> list[tuple[int, Path]]:
        """Every edit with the training image that it was made of, in the order of these."""
        folder = data.folder / "edits" / self.params.edits
        paths = {path: match for path in folder.glob("*") if (match := FILE_NAME.fullmatch(path.name))}
        if not paths:
            raise MissingDataError(
                f"{folder}: no edited images. Put them there, named {{training image}}-{{edit}}.png with the training "
                "images counted from 0, as ALIA's code (github.com/lisadunlap/ALIA) names what it generates"
            )
        found = sorted((int(match[1]), int(match[2]), path) for path, match in paths.items())
        if found[-1][0] >= len(data):
            raise UserError(
                f"{found[-1][2]}: edit of training image {found[-1][0]}, but there are {len(data)}, counted from 0: "
                "were the edits made of this training set?"
            )
        return [(index, path) for index, _, path in found]

    def choose(self, data: TrainingSet, edits: Iterable[tuple[int, Path]]) -> list[tuple[int, Path]]:
        """At most `per_source` edits of an image and `per_class` of a class; which ones follows from the seed."""
        import numpy as np

        if self.params.per_class is not None and len(self.params.per_class) != data.num_classes:
            raise UserError(
                f"per_class: one number for each of the {data.num_classes} classes (got {self.params.per_class})"
            )
        edits = list(edits)
        order = np.random.default_rng(self.params.seed).permutation(len(edits))
        of_source: dict[int, int] = {}
        of_class = [0] * data.num_classes
        chosen = []
        for place in order:
            index, path = edits[place]
            label = data.label(index)
            full = self.params.per_class is not None and of_class[label] >= self.params.per_class[label]
            if full or (self.params.per_source is not None and of_source.get(index, 0) >= self.params.per_source):
                continue
            of_source[index] = of_source.get(index, 0) + 1
            of_class[label] += 1
            chosen.append((index, path))
        return sorted(chosen)
