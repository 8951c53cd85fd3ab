"""A synthetic set that others made and exported."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from pydantic import Field

from ..base import UserError, missing_messages
from ..contracts import ClassNamed, Synthesizer, TrainingSet
from ..params import Params
from .manifest import read_manifest
from .set_archive import FOLDER, read_card, set_digest, set_files


class ImportedParams(Params):
    set: str = Field("set", pattern=r"^[\w.+-]+$", description="name under which the set was exported")


class Imported(Synthesizer):
    """Take a set that `provbench synthetic import` unpacked; neither its generator nor its models are needed.

    A run's key follows from the digest of the set's files. Its manifest says what made it. Raises `UserError` where its
    classes are not those of the task.
    """

    Params = ImportedParams
    params: ImportedParams
    reads_segmentations = False

    def missing_inputs(self, data: TrainingSet) -> list[str]:
        return missing_messages(lambda: read_card(self._folder(data)))

    def fingerprint(self, data: TrainingSet) -> str:
        return read_card(self._folder(data)).digest

    def synthesize(self, data: TrainingSet, out: Path, progress: Callable[[int, int], None]) -> None:
        folder = self._folder(data)
        card, names = read_card(folder), set_files(read_manifest(folder))
        if isinstance(data, ClassNamed) and card.classes and list(card.classes) != list(data.class_names()):
            raise UserError(f"{folder}: its classes are not those of this task (its task was {card.task})")
        if set_digest(folder, names) != card.digest:
            raise UserError(f"{folder}: its files have changed since it was imported: import it again")
        for done, name in enumerate(names, start=1):
            (out / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(folder / name, out / name)
            progress(done, len(names))

    def _folder(self, data: TrainingSet) -> Path:
        return data.folder.parent / FOLDER / self.params.set
