"""What a method's result costs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ..statistics import Summary
from .style import MARKERS, PALETTE, add_legend, new_figure, set_titles

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def cost_figure(points: Mapping[str, tuple[Summary, Summary]], cost: str, metric: str, title: str = "") -> Figure:
    """One point a method: its mean cost and its mean result, with one sample standard deviation either way.

    points: by label, cost and result. cost, metric: titles of the axes, with units.
    """
    figure, axes = new_figure()
    marks = {}
    for number, (label, (price, score)) in enumerate(points.items()):
        marks[label] = axes.errorbar(
            price.mean,
            score.mean,
            xerr=price.std,
            yerr=score.std,
            color=PALETTE[number % len(PALETTE)],
            marker=MARKERS[number % len(MARKERS)],
            markersize=7,
            capsize=3,
            linestyle="none",
        )
    set_titles(axes, cost, metric, title)
    axes.set_xlim(left=0)
    add_legend(figure, axes, marks)
    return figure
