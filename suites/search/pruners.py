"""Pruners: they stop trials before their last epoch, by the validation values that these report."""

from __future__ import annotations

from abc import ABC, abstractmethod

from optuna.pruners import BasePruner, HyperbandPruner, MedianPruner, NopPruner, WilcoxonPruner
from pydantic import Field

from provbench.registry import Params, Plugin


class Pruner(Plugin, ABC):
    """Compares a trial under way with the others of its study."""

    prunes: bool = True

    @abstractmethod
    def pruner(self, epochs: int) -> BasePruner:
        """Optuna's pruner for runs of so many epochs."""


class Never(Pruner):
    """Every trial runs to its end."""

    prunes = False

    def pruner(self, epochs: int) -> BasePruner:
        return NopPruner()


class MedianParams(Params):
    startup: int = Field(5, ge=0, description="trials that must have ended before any is pruned")
    warmup: int = Field(1, ge=0, description="epochs of each trial in which it is not pruned")
    interval: int = Field(1, ge=1, description="epochs between two looks")


class Median(Pruner):
    """Stops a trial whose best value so far is worse than the median of the others' at the same epoch."""

    Params = MedianParams
    params: MedianParams

    def pruner(self, epochs: int) -> BasePruner:
        return MedianPruner(self.params.startup, self.params.warmup, self.params.interval)


class HyperbandParams(Params):
    min_epochs: int = Field(1, ge=1, description="epochs before a trial may be stopped")
    reduction: int = Field(3, ge=2, description="one in so many trials goes on to the next rung")


class Hyperband(Pruner):
    """Brackets of successive halving (Li et al., 2018), with the epochs of a run as the resource."""

    Params = HyperbandParams
    params: HyperbandParams

    def pruner(self, epochs: int) -> BasePruner:
        return HyperbandPruner(self.params.min_epochs, max(epochs, self.params.min_epochs), self.params.reduction)


class WilcoxonParams(Params):
    p: float = Field(0.1, gt=0, lt=1, description="threshold of the p-value; larger prunes more")
    startup: int = Field(2, ge=0, description="epochs before a trial may be stopped")


class Wilcoxon(Pruner):
    """Stops a trial that a Wilcoxon signed-rank test, paired by epoch, finds worse than the best one so far."""

    Params = WilcoxonParams
    params: WilcoxonParams

    def pruner(self, epochs: int) -> BasePruner:
        return WilcoxonPruner(p_threshold=self.params.p, n_startup_steps=self.params.startup)
