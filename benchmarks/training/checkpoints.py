"""Files that a training writes: the checkpoint from which it resumes, and the weights of single epochs."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Literal

from mmengine.hooks import Hook
from mmengine.runner import Runner

from provbench.registry import Keep
from provbench.registry.base import atomic_path, link_or_copy, read_tensors, write_tensors

from .curve import Validation, best_epoch, validations
from .distributed import is_rank_0
from .hooks import DivergedError
from .learner import learner_of
from .runner import write_state


class Checkpoints(Hook):
    """Writes `resume.safetensors`, and the network's weights of single epochs for as long as they may be needed.

    The weights are state dicts in `epochs/epoch_<number>.safetensors`. All files are as `common.tensorfile` describes:
    tensors and plain values, and no pickles.

    The checkpoint is written before each epoch but the first, after the validation of the last one, by renaming. (
    mmengine's own CheckpointHook saves before the validation, so that a run killed in between would resume without it;
    it also removes the previous file before the next one is whole.) An epoch's weights go only when a checkpoint is
    there that needs them no more, so that a run can be killed at any moment and go on with everything that it needs.

    metric, higher_is_better: on val, of the best epoch. scored: which epoch is tested in the end. keep: whose weights
    are left.
    """

    def __init__(
        self, work_dir: Path, metric: str, scored: Literal["last", "best"], keep: Keep, higher_is_better: bool = True
    ) -> None:
        self.metric, self.scored, self.keep, self.higher_is_better = metric, scored, keep, higher_is_better
        self.resume_file = work_dir / "resume.safetensors"
        self.epochs = work_dir / "epochs"
        self.weights = work_dir / "weights"

    def before_train_epoch(self, runner: Runner) -> None:
        if runner.epoch == 0 or not is_rank_0():
            return
        with atomic_path(self.resume_file) as file:
            write_state(runner, file)
        needed = {weights_file(self.epochs, epoch) for epoch in self._needed(runner)}
        for file in self.epochs.glob("*"):
            if file not in needed:
                file.unlink()

    def after_val_epoch(self, runner: Runner, metrics: dict[str, float] | None = None) -> None:
        if is_rank_0() and runner.epoch in self._needed(runner):
            self._write(runner)

    def leave(self, runner: Runner) -> None:
        """Put the weights that are kept into `weights/`. To be called before `restore`.

        They stay in `epochs/` too (as links, so they take no more room): the run may be killed before anyone has taken
        note of its end, and then resumes once more.
        """
        if not is_rank_0():
            return
        shutil.rmtree(self.weights, ignore_errors=True)
        for epoch in self._kept(runner):
            source, target = weights_file(self.epochs, epoch), weights_file(self.weights, epoch)
            if not source.is_file():
                self._write(runner)  # the last epoch's, which no other epoch had to fear
            self.weights.mkdir(exist_ok=True)
            link_or_copy(source, target)

    def restore(self, runner: Runner) -> Validation:
        """Give the network the weights of the epoch to be scored; what its validation found."""
        found = {one["epoch"]: one for one in validations(runner)}
        epoch = self._best(runner) if self.scored == "best" else max(found)
        if epoch is None:
            raise DivergedError(f"{self.metric} was not a finite number in any epoch")
        if self.scored == "best":
            learner_of(runner).net.load_state_dict(read_tensors(weights_file(self.epochs, epoch)))
        return found[epoch]

    def _needed(self, runner: Runner) -> set[int]:
        """The epochs so far whose weights may be scored or kept, whatever comes; the last one's are in the network."""
        found = validations(runner)
        if self.keep == "all":
            return {one["epoch"] for one in found}
        best = self._best(runner) if "best" in (self.keep, self.scored) else None
        return set() if best is None else {best}

    def _kept(self, runner: Runner) -> set[int]:
        """The epochs whose weights are left."""
        epochs = {one["epoch"] for one in validations(runner)}
        if self.keep in ("none", "all") or not epochs:
            return epochs if self.keep == "all" else set()
        best = self._best(runner) if self.keep == "best" else None
        return {max(epochs) if best is None else best}

    def _best(self, runner: Runner) -> int | None:
        return best_epoch(validations(runner), self.metric, self.higher_is_better)

    def _write(self, runner: Runner) -> None:
        with atomic_path(weights_file(self.epochs, runner.epoch)) as file:
            write_tensors(learner_of(runner).net.state_dict(), file)


def weights_file(folder: Path, epoch: int) -> Path:
    return folder / f"epoch_{epoch}.safetensors"
