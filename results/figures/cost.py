"""Figure: a method's result against its cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from provbench.registry.base import improves

from ..statistics import Summary
from .style import MARKERS, PALETTE, add_legend, new_figure, set_titles

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def cost_figure(
    points: Mapping[str, tuple[Summary, Summary]],
    cost: str,
    metric: str,
    title: str = "",
    *,
    higher_is_better: bool = True,
) -> Figure:
    """One point a method: its mean cost and its mean result, with one sample standard deviation either way.

    A dotted line leads along the methods that no other beats at their cost or less. points: by label, cost and result.
    cost, metric: titles of the axes, with units. higher_is_better: of the result.
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
            marker=MARKERS[(number + number // len(PALETTE)) % len(MARKERS)],  # unlike where colours repeat
            markersize=7,
            capsize=3,
            linestyle="none",
        )
    front = pareto_front([(price.mean, score.mean) for price, score in points.values()], higher_is_better)
    if len(front) > 1:
        axes.step(*zip(*front, strict=True), where="post", color="0.6", linestyle=":", linewidth=1, zorder=0)
    set_titles(axes, cost, metric, title)
    axes.set_xlim(left=0)
    add_legend(figure, axes, marks)
    return figure


def pareto_front(points: Sequence[tuple[float, float]], higher_is_better: bool = True) -> list[tuple[float, float]]:
    """Returns the pairs (cost, result) that no pair of the same cost or less beats, the cheapest first."""
    front: list[tuple[float, float]] = []
    for price, score in sorted(points, key=lambda point: (point[0], -point[1] if higher_is_better else point[1])):
        if not front or improves(score - front[-1][1], higher_is_better):
            front.append((price, score))
    return front
