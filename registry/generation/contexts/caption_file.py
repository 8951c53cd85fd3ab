"""Descriptions of training images in a file."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from ...base import MissingDataError
from ...contracts import TrainingSet
from ...params import Params
from ..captions import FILE, of_samples, read_captions
from ..digests import digest
from ..seams import Caption, Context, Progress


class CaptionFileParams(Params):
    path: str = Field(
        FILE,
        min_length=1,
        description="file, or folder with a file for each aspect; relative to the data set's own folder",
    )


class CaptionFile(Context):
    """Read descriptions of training images from a file.

    The file has the header `image<TAB>background<TAB>pose`, or other aspects; instead there may be a folder with a file
    for each aspect (`background.tsv`, `pose.tsv`) and the header `image<TAB>response`, as the code of BOB has it.
    Images are named by their ids in the data set, or by paths that end with them.

    Source: Yang et al., "Beyond Objects" (CVPR 2026), whose code stores the answers of Qwen2.5-VL-7B in this form.
    """

    Params = CaptionFileParams
    params: CaptionFileParams

    def missing_inputs(self, data: TrainingSet) -> list[str]:
        path = self._path(data)
        if path.exists():
            return []
        return [f"{path}: no captions; a file has the header image<TAB>background<TAB>pose and a row for each image"]

    def fingerprint(self, data: TrainingSet) -> str:
        return digest(self._read(data)) if self._path(data).exists() else ""

    def describe(self, data: TrainingSet, folder: Path, progress: Progress) -> list[Caption]:
        return list(self._read(data))

    def _read(self, data: TrainingSet) -> list[dict[str, str]]:
        path = self._path(data)
        if not path.exists():
            raise MissingDataError(*self.missing_inputs(data))
        return of_samples(read_captions(path), [data.sample_id(index) for index in range(len(data))], path)

    def _path(self, data: TrainingSet) -> Path:
        return data.folder / Path(self.params.path).expanduser()
