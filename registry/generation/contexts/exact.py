"""Descriptions that the data set itself has, such as those of a generated world."""

from __future__ import annotations

from pathlib import Path

from ...base import MissingDataError
from ...contracts import Described, TrainingSet
from ..seams import Caption, Context, Progress


class Exact(Context):
    """Take the data set's own descriptions of its images.

    Raises `MissingDataError` where the data set describes none, or not every image.
    """

    def missing_inputs(self, data: TrainingSet) -> list[str]:
        return [] if isinstance(data, Described) else [_remedy(data)]

    def fingerprint(self, data: TrainingSet) -> str:
        from ..digests import digest

        return digest([dict(data.context(index)) for index in range(len(data))]) if isinstance(data, Described) else ""

    def describe(self, data: TrainingSet, folder: Path, progress: Progress) -> list[Caption]:
        if not isinstance(data, Described):
            raise MissingDataError(_remedy(data))
        captions = [data.context(index) for index in range(len(data))]
        for index, caption in enumerate(captions):
            if not caption or not all(map(str.strip, caption.values())):
                raise MissingDataError(f"{data.sample_id(index)}: the data set has no description of it")
        return captions


def _remedy(data: TrainingSet) -> str:
    return (
        f"{data.folder}: the data set does not describe its images: use the context caption-file, or vlm, which "
        "describes them by a model"
    )
