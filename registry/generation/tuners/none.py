"""No tuning."""

from __future__ import annotations

from ...contracts import TrainingSet
from ..seams import Adapter, Generator, Progress, Tuner, Tuning


class Untuned(Tuner):
    """Generate with the model as it is."""

    def units(self, data: TrainingSet) -> int:
        return 0

    def tune(self, generator: Generator, tuning: Tuning, unit: int, progress: Progress) -> None:
        raise ValueError("there is nothing to tune")

    def adapter(self, data: TrainingSet, label: int, copy: int, seed: int) -> Adapter:
        return Adapter()
