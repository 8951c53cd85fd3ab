"""What a parameter does to a metric."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ..statistics import Summary
from .style import PALETTE, add_legend, new_figure, set_titles

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def sweep_figure(
    points: Mapping[float, Summary],
    parameter: str,
    metric: str,
    *,
    reference: tuple[str, Summary] | None = None,
    title: str = "",
) -> Figure:
    """The mean of a metric by a parameter's value, with Student's 95 % interval where there are seeds enough.

    reference: the label and result of a method without the parameter, drawn as a level line. The axis is logarithmic
    where all values are positive and span more than a factor of ten.
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
    if values and values[0] > 0 and values[-1] > 10 * values[0]:
        axes.set_xscale("log")
    set_titles(axes, parameter, metric, title)
    return figure
