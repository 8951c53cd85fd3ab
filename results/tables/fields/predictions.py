"""The per-sample scores behind a cell, for the statistics that need them."""

from __future__ import annotations

from collections.abc import Sequence
from math import isclose
from statistics import fmean
from typing import TYPE_CHECKING

from ...statistics import score_matrix
from .statistic import Context

if TYPE_CHECKING:
    from numpy import ndarray

    from ..model import TableCell


def sample_scores(context: Context, cell: TableCell, seeds: Sequence[int]) -> ndarray | None:
    """Returns (seeds, samples) float64, each sample's score in the metric's unit, samples in the order of their ids.

    None for gains, means of columns and costs; where a seed's predictions are not stored, lack the metric or are of
    other samples; and where the metric is not the mean of its samples' scores, as worst-group accuracy is not.
    """
    metric, runs = context.column.metric, []
    if context.column.derived or not seeds:
        return None
    for seed in seeds:
        columns = context.samples(cell.keys[seed], "test")
        if columns is None or "id" not in columns:
            return None
        runs.append(columns)
    try:
        scores = score_matrix(runs, metric) * (100.0 if context.column.unit == "%" else 1.0)
    except ValueError:
        return None
    mean = fmean(cell.values[seed] for seed in seeds)
    return scores if scores.size and isclose(float(scores.mean()), mean, rel_tol=1e-6, abs_tol=1e-6) else None
