"""The critical-difference diagram: methods on a line by their mean rank, with bars over groups that do not differ."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .nemenyi import critical_difference, inseparable_groups
from .ranks import Ranks

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from pandas import DataFrame

LONGEST = 40
"""Characters of a method's name that are shown."""

ROW = 0.22
"""Height of a line of text, in inches."""


def critical_difference_diagram(ranks: Ranks, *, alpha: float = 0.05, title: str = "") -> Figure:
    """The mean ranks, the best to the left; bars join what Nemenyi's test at `alpha` cannot tell apart.

    The line at the top is as long as the critical difference. Where that is more than all ranks, the test could tell
    no two methods apart on so few tasks, whatever their results: the line is left out, and the words say so. Names are
    shown as they are, up to 40 characters. Needs no display, and leaves pyplot alone.

    Source: Demšar, "Statistical comparisons of classifiers over multiple data sets" (2006), figure 1; drawn by
    `scikit_posthocs`.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from scikit_posthocs import critical_difference_diagram as draw

    rows = (len(ranks.methods) + 1) // 2 + len(inseparable_groups(ranks, alpha)) + 4
    width = 4.5 + 0.14 * min(LONGEST, max(map(len, ranks.methods)))
    figure = Figure(figsize=(width, ROW * rows + 0.3), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    drawn = draw(
        ranks.mean,
        _separability(ranks, alpha),
        ax=axes,
        label_fmt_left=f"{{label:.{LONGEST}}}  {{rank:.2f}} ",
        label_fmt_right=f" {{rank:.2f}}  {{label:.{LONGEST}}}",
        label_props={"fontsize": 9, "parse_math": False},
        elbow_props={"color": "0.5", "linewidth": 0.8, "clip_on": False},
        marker_props={"color": "0.15", "s": 16, "clip_on": False},
        crossbar_props={"color": "tab:blue", "linewidth": 3, "solid_capstyle": "butt"},
    )
    for label in drawn["labels"]:
        label.set_color("0.15")  # the library takes that of the line
    _draw_scale(axes, ranks, alpha)
    if title:
        figure.suptitle(title, fontsize=10, parse_math=False)
    return figure


def _separability(ranks: Ranks, alpha: float) -> DataFrame:
    """0 where two methods differ and 1 where they do not, which the library reads as p-values."""
    from pandas import DataFrame

    limit = critical_difference(len(ranks.methods), len(ranks.tasks), alpha)
    means = ranks.mean
    rows = [[float(abs(one - other) < limit) for other in means.values()] for one in means.values()]
    return DataFrame(rows, index=list(means), columns=list(means))


def _draw_scale(axes: Axes, ranks: Ranks, alpha: float) -> None:
    """The axis from rank 1 to the last, and the critical difference above it."""
    methods, tasks = len(ranks.methods), len(ranks.tasks)
    limit = critical_difference(methods, tasks, alpha)
    axes.set_xlim(1, methods)
    axes.set_ylim(top=3.5)
    axes.set_xticks(range(1, methods + 1))
    axes.tick_params(labelsize=8)
    words = f"critical difference {limit:.2f} ({tasks} task{'s' if tasks > 1 else ''}, α = {alpha:g})"
    if limit > methods - 1:
        words += ": no two can differ"
    else:
        axes.plot([1, 1 + limit], [2, 2], color="0.15", linewidth=1.2, marker="|", clip_on=False)
    axes.text(1, 2.4, words, fontsize=8, va="bottom", color="0.15")
