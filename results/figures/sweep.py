"""Figure: the effect of a parameter on a metric."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ..statistics import Summary
from .style import PALETTE, add_legend, new_figure, set_titles

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_TICKS = 8
"""Values of a logarithmic axis that each have a tick."""


def sweep_figure(
    points: Mapping[float, Summary],
    parameter: str,
    metric: str,
    *,
    reference: tuple[str, Summary] | None = None,
    title: str = "",
    log: bool = False,
) -> Figure:
    """The mean of a metric by a parameter's value, with Student's 95 % interval where there are seeds enough.

    reference: the label and result of a method without the parameter, drawn as a level line. log: whether the
    parameter is one that is searched on a logarithmic scale. The axis then is logarithmic, as it is where all values
    are positive and span more than a factor of ten; a value of 0 stands apart at its beginning.
    """
    figure, axes = new_figure()
    values = sorted(points)
    means = [points[value].mean for value in values]
    intervals = [points[value].interval() for value in values]
    bars = [0.0 if i is None else i.high - mean for i, mean in zip(intervals, means, strict=True)]
    axes.errorbar(values, means, yerr=bars, color=PALETTE[0], marker="o", capsize=3, linewidth=1.8)
    if reference is not None:
        label, summary = reference
        line = axes.axhline(summary.mean, color=PALETTE[1], linestyle="--", linewidth=1.4)
        add_legend(figure, axes, {label: line})
    _scale(axes, values, log)
    set_titles(axes, parameter, metric, title)
    return figure


def _scale(axes: Axes, values: Sequence[float], log: bool) -> None:
    """Makes the axis logarithmic where it should be, with a tick at each value."""
    positive = [value for value in values if value > 0]
    wide = len(positive) == len(values) and positive[-1] > 10 * positive[0]
    if not positive or values[0] < 0 or not (log or wide):
        return
    if len(positive) == len(values):
        axes.set_xscale("log")
    else:
        axes.set_xscale("symlog", linthresh=positive[0], linscale=0.5)
    if len(values) <= MOST_TICKS:
        axes.set_xticks(values, [f"{value:g}" for value in values])
        axes.set_xticks([], minor=True)
