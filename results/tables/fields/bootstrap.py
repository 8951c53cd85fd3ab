"""The bootstrap interval of a cell's mean."""

from __future__ import annotations

from typing import ClassVar

from ...statistics import Interval, bootstrap_interval
from .interval import IntervalStatistic
from .statistic import Context

SEED = 0
"""Seed of the resampling, so that a table is the same each time it is made."""


class BootstrapInterval(IntervalStatistic):
    """The 95 % bootstrap interval (BCa) of the mean, from resampling the seeds; it needs some ten of them."""

    title: ClassVar[str] = "95 % bootstrap"
    legend: ClassVar[str] = (
        "95 % bootstrap: interval of the mean from resampling its seeds (BCa, 10000 resamples); too narrow below some "
        "ten seeds."
    )

    def compute(self, context: Context) -> Interval | None:
        values = list(context.cell.values.values())
        if len(values) < 2:
            return None
        from numpy.random import default_rng

        return bootstrap_interval(values, default_rng(SEED))
