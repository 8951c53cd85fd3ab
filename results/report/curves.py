"""Training curves as charts, the runs of a method over one another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import nan

from ..store import PLACES, SHARE, axis_of, place_of
from .charts import Chart, Series

Curve = Sequence[Mapping[str, float]]

PROBE = "gradient outside"
"""Percent of the input gradient's energy outside of the target, as runs measure it."""


def curve_charts(curves: Mapping[str, Curve], selection_metric: str = "") -> list[Chart]:
    """A chart for each name in the curves, with a line for each run.

    curves: by the run's name. The selection metric comes first, then the losses, the shares of penalties, and the
    gradient's energy outside of the target.
    """
    names = dict.fromkeys(name for curve in curves.values() for entry in curve for name in entry)
    names = dict.fromkeys(name for name in names if name not in PLACES)
    axis = axis_of(curves.values())

    def rank(name: str) -> tuple[bool, bool, bool, bool]:
        return name != selection_metric, not name.startswith("loss"), not name.startswith(SHARE), name != PROBE

    charts = []
    for name in sorted(names, key=lambda name: (*rank(name), name)):
        series = [
            Series(run, [(place_of(entry, axis), entry.get(name, nan)) for entry in curve], tone)
            for tone, (run, curve) in enumerate(curves.items())
        ]
        charts.append(Chart(_title(name), axis, series, whole_x=True))
    return [chart for chart in charts if not chart.empty]


def _title(name: str) -> str:
    penalty = name.removeprefix(SHARE)
    return name if penalty == name else f"parameter gradient of {penalty}, % of the loss's"
