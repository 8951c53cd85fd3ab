"""Figure: a metric over the epochs or steps, with and without a method."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from math import isfinite
from typing import TYPE_CHECKING

from ..store import axis_of, place_of
from .style import PALETTE, add_legend, new_figure, set_titles

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

Curve = Sequence[Mapping[str, float]]
"""The curve of one run: an entry for each validated epoch, as in a run record."""


def convergence_figure(curves: Mapping[str, Sequence[Curve]], metric: str, title: str = "") -> Figure:
    """The mean of a metric over seeds, one line a method, in a band of one sample standard deviation.

    By epoch, or by step where all runs have a budget of steps, samples or seconds. The last fifth is shaded.

    curves: by the method's label, one of each seed. Epochs in which a run has no finite value are left out of its mean;
    where only one run has a value there is no band.
    """
    import numpy as np
    from matplotlib.ticker import MaxNLocator

    figure, axes = new_figure()
    lines = {}
    axis = axis_of(run for runs in curves.values() for run in runs)
    for number, (label, runs) in enumerate(curves.items()):
        by_epoch = _by_place(runs, metric, axis)
        if not by_epoch:
            continue
        colour = PALETTE[number % len(PALETTE)]
        epochs = sorted(by_epoch)
        means = [float(np.mean(by_epoch[epoch])) for epoch in epochs]
        spreads = [float(np.std(by_epoch[epoch], ddof=1)) if len(by_epoch[epoch]) > 1 else 0.0 for epoch in epochs]
        low, high = ([m + sign * s for m, s in zip(means, spreads, strict=True)] for sign in (-1, 1))
        (lines[label],) = axes.plot(epochs, means, color=colour, linewidth=1.8, marker="." if len(epochs) < 2 else "")
        axes.fill_between(epochs, low, high, color=colour, alpha=0.15, linewidth=0)
    _shade_end(axes, lines.values())
    set_titles(axes, axis, metric, title)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    add_legend(figure, axes, lines)
    return figure


def _shade_end(axes: Axes, lines: Iterable[Line2D]) -> None:
    """Shades the last fifth of the longest run: where a line still rises, longer training might give other results."""
    end = max((float(max(line.get_xdata())) for line in lines), default=0.0)  # pyright: ignore[reportArgumentType]
    if end > 0:
        axes.axvspan(0.8 * end, end, color="0.5", alpha=0.08, linewidth=0, zorder=0)


def _by_place(runs: Sequence[Curve], metric: str, axis: str) -> dict[float, list[float]]:
    values: defaultdict[float, list[float]] = defaultdict(list)
    for curve in runs:
        for entry in curve:
            if isfinite(entry.get(metric, float("nan"))):
                values[place_of(entry, axis)].append(entry[metric])
    return dict(values)
