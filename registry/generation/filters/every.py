"""Several filters, one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BeforeValidator, Field

from ...base import Pretrained
from ...contracts import TrainingSet
from ...core import FILTERS
from ...params import Params
from ..digests import digest
from ..seams import Filter, Order, Progress, Verdict
from ..use import build, resolve

if TYPE_CHECKING:
    import numpy as np

Use = Annotated[dict[str, Any], BeforeValidator(lambda value: resolve(FILTERS, value))]


class EveryParams(Params):
    filters: tuple[Use, ...] = Field(min_length=1, description="names, or mappings with a name and parameters")


class Every(Filter):
    """Keep an image that all of several filters keep, such as ALIA's two: `clip` and `classifier-confidence`."""

    Params = EveryParams
    params: EveryParams

    @cached_property
    def filters(self) -> list[Filter]:
        return [build(FILTERS, use) for use in self.params.filters]

    def missing_inputs(self, data: TrainingSet) -> list[str]:
        return [problem for one in self.filters for problem in one.missing_inputs(data)]

    def weights(self, weights_dir: Path | None) -> list[Pretrained]:
        return [read for one in self.filters for read in one.weights(weights_dir)]

    def fingerprint(self, data: TrainingSet) -> str:
        return digest([one.fingerprint(data) for one in self.filters])

    def prepare(self, data: TrainingSet, folder: Path, progress: Progress) -> None:
        for one in self.filters:
            one.prepare(data, folder, progress)

    def load(self, data: TrainingSet, folder: Path) -> None:
        for one in self.filters:
            one.load(data, folder)

    def judge(self, images: Sequence[np.ndarray], orders: Sequence[Order], data: TrainingSet) -> list[Verdict]:
        verdicts = [one.judge(images, orders, data) for one in self.filters]
        return [
            Verdict(all(one.kept for one in own), {name: value for one in own for name, value in one.measured.items()})
            for own in zip(*verdicts, strict=True)
        ]
