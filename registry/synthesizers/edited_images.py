"""Edited images that another program made: ALIA's, or any editor's."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field

from ..base import UserError, file_digests, missing_messages, read_image, write_mask
from ..contracts import Synthesizer, TrainingSet
from .difference import DifferenceParams
from .edits import Edit, find_edits
from .manifest import Header, SyntheticImage, write_manifest
from .resemblance import check_resemblance


class EditedImagesParams(DifferenceParams):
    edits: str = Field("alia", pattern=r"^[\w.-]+$", description="folder edits/NAME of the data set's own folder")
    order: Literal["provbench", "alia"] = Field(
        "provbench",
        description="whose numbers the files bear where there is no mapping.csv: of provbench's training set, counted "
        "from 0, or ALIA's own, for its seed 0",
    )
    per_source: int | None = Field(1, ge=1, description="most edits of one training image; null: all")
    per_class: int | tuple[int, ...] | None = Field(
        None, description="most edits of each class: one number, or one each in the order of the classes; null: all"
    )
    seed: int = Field(0, ge=0, description="of the choice among the edits")
    min_resemblance: float = Field(
        0.65,
        ge=0,
        le=1,
        description="edits that resemble their sources more than less than this share of other images of the class are "
        "refused as wrongly paired; 0: never",
    )


class EditedImages(Synthesizer):
    """Take in a folder of edited training images, and find what each edit left alone.

    The files lie in `edits/NAME` of the data set's own folder, in any subfolders. A file `mapping.csv` there, with the
    columns `edit` and `source`, names the training image that each was made of; `provbench data export` writes one.
    Without it the files are named `{training image}-{edit}.png` (or of another format that is read), with the training
    images counted from 0 as `order` says: these are the names that ALIA's code gives its edits, by a numbering of its
    own. What fits neither is passed over with a warning. Edits are read as they are stored, as their sources are: an
    EXIF orientation is not applied. Labels are the sources'. ALIA takes one edit of a source, and of each class as many
    as its set of extra real images has.

    Each mask comes from the difference of source and edit alone, so an edit that is paired with the wrong image has a
    mask that means nothing: sets whose edits resemble their sources hardly more than other images are refused
    (`check_resemblance`). Raises `MissingDataError` where the folder is missing or has no such file, `UserError` for a
    file of a training image that does not exist.

    Source: Dunlap et al., "Diversify Your Vision Datasets with Automatic Diffusion-Based Augmentation" (NeurIPS 2023),
    reference implementation lisadunlap/ALIA; provenance by Nagano et al. (CVPR 2026).
    """

    version = "2"
    Params = EditedImagesParams
    params: EditedImagesParams
    reads_segmentations: ClassVar[bool] = False

    def missing_inputs(self, data: TrainingSet) -> list[str]:
        return missing_messages(lambda: self.find(data))

    def fingerprint(self, data: TrainingSet) -> str:
        """Returns a digest of the edits' names, sources and contents."""
        edits = self.find(data)
        known = file_digests(self._folder(data), [edit.path for edit in edits])
        rows = [[edit.name, data.sample_id(edit.index), known[edit.path]] for edit in edits]
        return hashlib.sha256(json.dumps(rows).encode()).hexdigest()

    def synthesize(self, data: TrainingSet, out: Path, progress: Callable[[int, int], None]) -> None:
        for folder in ("images", "masks"):
            (out / folder).mkdir(parents=True, exist_ok=True)
        chosen = self.choose(data, self.find(data, warn=True))
        check_resemblance(data, chosen, self.params, least=self.params.min_resemblance, seed=self.params.seed)
        rows: list[SyntheticImage] = []
        taken: Counter[int] = Counter()
        for edit in chosen:
            rows.append(self._take(data, edit, f"{edit.index:06d}-{taken[edit.index]}", out))
            taken[edit.index] += 1
            progress(len(rows), len(chosen))
        write_manifest(out, Header.of(self, len(rows)), rows)

    def _take(self, data: TrainingSet, edit: Edit, stem: str, out: Path) -> SyntheticImage:
        """Copy an edit under a name that no other has, and write its mask."""
        image = f"images/{stem}{edit.path.suffix.lower()}"
        mask = f"masks/{stem}.png"
        write_mask(out / mask, self.params.provenance(data.image(edit.index), read_image(edit.path)))
        shutil.copyfile(edit.path, out / image)
        return SyntheticImage(
            file=image,
            source=data.sample_id(edit.index),
            label=data.label(edit.index),
            change=f"edits/{self.params.edits}/{edit.name}",
            seed=self.params.seed,
            mask=mask,
        )

    def _most_of_each_class(self, classes: int) -> tuple[int, ...] | None:
        """Returns `per_class` for each class; `UserError` where it has another number of classes."""
        most = self.params.per_class
        if isinstance(most, int):
            return (most,) * classes
        if most is not None and len(most) != classes:
            raise UserError(f"per_class: one number for each of the {classes} classes, or one for all (got {most})")
        return most

    def find(self, data: TrainingSet, *, warn: bool = False) -> list[Edit]:
        """Returns what `find_edits` finds in this synthesizer's folder, in its order."""
        return find_edits(data, self._folder(data), self.params.order, warn=warn)

    def _folder(self, data: TrainingSet) -> Path:
        return data.folder / "edits" / self.params.edits

    def choose(self, data: TrainingSet, edits: Iterable[Edit]) -> list[Edit]:
        """Returns at most `per_source` edits of an image and `per_class` of a class; the seed decides which."""
        import numpy as np

        most = self._most_of_each_class(data.num_classes)
        edits = list(edits)
        order = np.random.default_rng(self.params.seed).permutation(len(edits))
        of_source: dict[int, int] = {}
        of_class = [0] * data.num_classes
        chosen = []
        for place in order:
            edit = edits[place]
            index, label = edit.index, data.label(edit.index)
            full = most is not None and of_class[label] >= most[label]
            if full or (self.params.per_source is not None and of_source.get(index, 0) >= self.params.per_source):
                continue
            of_source[index] = of_source.get(index, 0) + 1
            of_class[label] += 1
            chosen.append(edit)
        return sorted(chosen)
