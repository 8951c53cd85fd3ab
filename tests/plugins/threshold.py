"""A pruner that looks at no other trial, so that its answers are the same in whatever order trials end."""

from optuna.pruners import BasePruner, ThresholdPruner
from pydantic import Field

from provbench.registry import PRUNERS, Params
from provbench.suites.search.pruners import Pruner


class ThresholdParams(Params):
    least: float = Field(70.0, description="value that a trial must have reached")
    since: int = Field(2, ge=1, description="epoch from which on")


class Threshold(Pruner):
    """Stops a trial whose value is too small."""

    Params = ThresholdParams
    params: ThresholdParams

    def pruner(self, epochs: int) -> BasePruner:
        return ThresholdPruner(lower=self.params.least, n_warmup_steps=self.params.since)


PRUNERS.add("threshold", Threshold)
