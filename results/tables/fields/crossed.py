"""The bootstrap interval over seeds and test samples at once."""

from __future__ import annotations

from typing import ClassVar

from ...statistics import Interval, clusters_of, crossed_interval
from .bootstrap import SEED
from .interval import IntervalStatistic
from .predictions import sample_scores
from .statistic import Context


class CrossedInterval(IntervalStatistic):
    """The 95 % interval of the mean over other seeds and another test set, from resampling both.

    It needs the runs' stored predictions, and a metric that is the mean of its samples' scores, such as accuracy.
    """

    title: ClassVar[str] = "95 % crossed"
    legend: ClassVar[str] = (
        "95 % crossed: interval of the mean from resampling seeds and test samples, or clusters of them (percentile, "
        "10000 resamples), of metrics that are means over stored predictions; too narrow with few seeds."
    )

    def compute(self, context: Context) -> Interval | None:
        seeds = sorted(context.cell.values)
        scores = sample_scores(context, context.cell, seeds)
        if scores is None:
            return None
        from numpy.random import default_rng

        columns = context.samples(context.cell.keys[seeds[0]], "test")
        clusters = None if columns is None else clusters_of([columns])
        return crossed_interval(scores, default_rng(SEED), clusters=clusters)
