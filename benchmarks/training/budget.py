"""Training under a budget of steps, samples or seconds: the loop, its data, and the schedule over its time."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import islice
from typing import Any

from mmengine.hooks import Hook
from mmengine.optim import OptimWrapper
from mmengine.runner import EpochBasedTrainLoop, Runner
from torch import Tensor
from torch.utils.data import DataLoader

from provbench.registry import Recipe, budget_of, periods_of, steps_of

from .data import SeededSampler
from .distributed import from_rank_0
from .optim import rate_at

ENDLESS = 1 << 40
"""Steps of a period whose end a clock decides."""


class PeriodLoop(EpochBasedTrainLoop):
    """A training of periods, each followed by a validation, that are not passes over the data.

    Passes follow one another without a break: every batch is full, and a period begins where the last one ended. What
    mmengine and all hooks call an epoch is a period here, so that a run resumes at the last period's end. Under a
    budget of seconds rank 0's clock ends a period; each has one step at least.
    """

    def __init__(self, runner: Runner, dataloader: DataLoader[Any], recipe: Recipe) -> None:
        params = recipe.model_dump()
        super().__init__(runner, dataloader, max_epochs=periods_of(params))
        unit, size = budget_of(params)
        self.seconds = float(size) if unit == "seconds" else None
        self.batch_size = recipe.batch_size
        self._max_iters = ENDLESS if self.seconds is not None else steps_of(params)

    def run_epoch(self) -> None:
        self.runner.call_hook("before_train_epoch")
        self.runner.model.train()
        self._sampler.start_period(self._iter, self._end_of_period() - self._iter)
        began, before = time.monotonic(), self.trained
        for number, batch in enumerate(self.dataloader):
            self.run_iter(number, batch)
            self.runner.message_hub.update_info("trained seconds", before + time.monotonic() - began)
            if self.seconds is not None and self._time_is_up():
                break
        self.runner.call_hook("after_train_epoch")
        self._epoch += 1

    @property
    def trained(self) -> float:
        """The seconds that training steps have taken so far, also before an interruption."""
        return float(self.runner.message_hub.runtime_info.get("trained seconds", 0.0))

    def progress(self) -> dict[str, float]:
        """Returns the progress of the run, its steps and passes over the training data, as fields of a curve's
        entry.
        """
        samples = len(self._sampler.dataset)  # pyright: ignore[reportArgumentType]
        return {"step": float(self._iter), "passes": self._iter * self.batch_size / samples}

    @property
    def _sampler(self) -> StreamSampler:
        sampler = self.dataloader.sampler
        assert isinstance(sampler, StreamSampler)
        return sampler

    def _end_of_period(self) -> int:
        if self.seconds is not None:
            return self._iter + ENDLESS
        return (self._epoch + 1) * self._max_iters // self._max_epochs

    def _time_is_up(self) -> bool:
        assert self.seconds is not None
        end = self.seconds * (self._epoch + 1) / self._max_epochs
        return from_rank_0(lambda: self.trained >= end)


class StreamSampler(SeededSampler):
    """Yields `(index, seed)` of the samples of one period out of an endless stream of passes over the data.

    A pass has the order and the seeds that `SeededSampler` gives an epoch of its number.
    """

    def __init__(self, dataset: Any, seed: int, batch_size: int, weights: Tensor | None = None) -> None:
        super().__init__(dataset, seed, weights)
        self.batch_size, self.first, self.steps = batch_size, 0, 0

    def start_period(self, first: int, steps: int) -> None:
        """The next iteration has so many steps, from the step `first` of the run on."""
        self.first, self.steps = first, steps

    def __len__(self) -> int:
        return self.steps * self.batch_size

    def __iter__(self) -> Iterator[Any]:
        number, skipped = divmod(self.first * self.batch_size, self.num_samples)
        return islice(self._stream(number, skipped), len(self))

    def _stream(self, number: int, skipped: int) -> Iterator[Any]:
        while True:
            self.set_epoch(number)
            yield from islice(super().__iter__(), skipped, None)
            number, skipped = number + 1, 0


class ClockHook(Hook):
    """Sets the learning rate by the share of the seconds that training has taken."""

    priority = "LOW"

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe

    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None) -> None:
        loop, wrapper = runner.train_loop, runner.optim_wrapper
        assert isinstance(loop, PeriodLoop)
        assert isinstance(wrapper, OptimWrapper)
        assert loop.seconds is not None
        share = min(from_rank_0(lambda: loop.trained) / loop.seconds, 1.0)
        for group in wrapper.param_groups:
            group["lr"] = group.setdefault("initial_lr", group["lr"]) * rate_at(self.recipe, share)
