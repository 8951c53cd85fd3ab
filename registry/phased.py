"""Synthesizers whose work several workers share, phase by phase, and that go on where they were interrupted."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, TypeVar

from .contracts import Synthesizer, TrainingSet

T = TypeVar("T")


@dataclass(frozen=True)
class Share:
    """The part of a set's work that one worker does: every `count`-th piece, from `number`, which counts from 0.

    copies: only the first so many images of each class. limit: at most so many images.
    """

    number: int = 0
    count: int = 1
    copies: int | None = None
    limit: int | None = None

    def of(self, pieces: Sequence[T]) -> list[T]:
        """Returns the worker's pieces."""
        return list(pieces[self.number :: self.count])


@dataclass(frozen=True)
class Estimate:
    """The work that is left of a set: images, training and denoising steps, seconds of one worker, bytes on disk.

    A second call of the synthesizer goes on from there. The seconds are a guess before anything is measured.
    """

    images: int
    training_steps: int
    denoising_steps: int
    seconds: float
    bytes: int


class Phased(Synthesizer):
    """A synthesizer whose work has phases, each of which several workers share, and that can be interrupted.

    Every file is written whole or not at all and depends on the parameters and data alone. `synthesize` and the phases
    go on in a folder where they were interrupted.
    """

    phases: ClassVar[tuple[str, ...]]
    """Names of the phases, in their order; each begins when the one before is done."""

    @abstractmethod
    def work(
        self, phase: str, data: TrainingSet, out: Path, share: Share, progress: Callable[[int, int], None]
    ) -> None:
        """Does a worker's share of a phase. Raises `UserError` where an earlier phase is not done."""

    @abstractmethod
    def estimate(self, data: TrainingSet, out: Path, share: Share) -> Estimate:
        """Returns what is left to do. Imports no model."""

    @abstractmethod
    def finish(self, data: TrainingSet, out: Path) -> bool:
        """Writes the manifest if every image is there, and removes what only an unfinished set needs; False if not."""

    def synthesize(self, data: TrainingSet, out: Path, progress: Callable[[int, int], None]) -> None:
        for phase in self.phases:
            self.work(phase, data, out, Share(), progress)
        if not self.finish(data, out):
            raise RuntimeError(f"{type(self).__name__}: images are missing after the last phase")
