"""What all figures have in common."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

from ..atomic import atomic_file

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#7F7F7F")
"""Told apart by colour-blind readers, too (Okabe & Ito, 2008)."""

MARKERS = "osD^vPX*"

DOTS_PER_INCH = 160


def new_figure(width: float = 6.4, height: float = 4.0) -> tuple[Figure, Axes]:
    """A figure of that size in inches with one set of axes. It belongs to no screen and no global state."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(True, linewidth=0.5, alpha=0.35)
    axes.set_axisbelow(True)
    return figure, axes


def save_figure(figure: Figure, stem: Path) -> list[Path]:
    """Write `stem.svg` and `stem.png`, whole or not at all; the same figure gives the same SVG."""
    import matplotlib as mpl

    files = []
    for form in ("svg", "png"):
        content = io.BytesIO()
        with mpl.rc_context({"svg.hashsalt": stem.name}):
            metadata = {"Date": None} if form == "svg" else None
            figure.savefig(content, format=form, dpi=DOTS_PER_INCH, metadata=metadata)
        file = stem.with_name(f"{stem.name}.{form}")
        with atomic_file(file) as out:
            out.write(content.getvalue())
        files.append(file)
    return files


def plain(text: str) -> str:
    """Text that matplotlib takes for no formula."""
    return text.replace("$", r"\$")
