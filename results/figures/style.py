"""What all figures have in common."""

from __future__ import annotations

import io
import textwrap
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from provbench.registry.base import atomic_file

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#7F7F7F")
"""Told apart by colour-blind readers, too (Okabe & Ito, 2008)."""

MARKERS = "osD^vPX*"

DOTS_PER_INCH = 160

FORMS = ("svg", "png")

LINE = 70
"""Characters of a title on one line."""

LONGEST = 48
"""Characters of a label that are shown."""

MOST_INSIDE = 6
"""Labels of a legend inside of the axes."""


def new_figure(width: float = 6.4, height: float = 4.0) -> tuple[Figure, Axes]:
    """A figure of that size in inches with one set of axes. It belongs to no screen and no global state."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(True, linewidth=0.5, alpha=0.35)
    axes.set_axisbelow(True)
    return figure, axes


def set_titles(axes: Axes, x: str, y: str, title: str) -> None:
    """Name the axes and the whole, on several lines where it is long."""
    axes.set(xlabel=plain(x, LONGEST), ylabel=plain(y, LONGEST))
    axes.set_title(textwrap.fill(plain(title), LINE), fontsize="medium")


def add_legend(figure: Figure, axes: Axes, artists: Mapping[str, Any]) -> None:
    """Say which artist is which; beside the axes, where they are many. artists: by label, any text."""
    if not artists:
        return
    labels = [plain(label, LONGEST) for label in artists]
    if len(labels) > MOST_INSIDE:
        figure.legend(list(artists.values()), labels, frameon=False, fontsize="small", loc="outside right upper")
    else:
        axes.legend(list(artists.values()), labels, frameon=False, fontsize="small")


def save_figure(figure: Figure, stem: Path) -> list[Path]:
    """Write `stem.svg` and `stem.png`, whole or not at all; the same figure gives the same SVG."""
    files = []
    for form in FORMS:
        file = stem.with_name(f"{stem.name}.{form}")
        with atomic_file(file) as out:
            out.write(figure_bytes(figure, stem.name, form))
        files.append(file)
    return files


def figure_bytes(figure: Figure, name: str, form: str, **options: Any) -> bytes:
    """The figure as `svg` or `png`. name: what ids in an SVG are made of; options: of `Figure.savefig`.

    Text in an SVG stays text, in the reader's font.
    """
    import matplotlib as mpl

    content = io.BytesIO()
    with mpl.rc_context({"svg.hashsalt": name, "svg.fonttype": "none"}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")  # a name in another script: boxes
        metadata = {"Date": None} if form == "svg" else None
        figure.savefig(content, format=form, dpi=DOTS_PER_INCH, bbox_inches="tight", metadata=metadata, **options)
    return content.getvalue()


def figure_title(figure: Figure) -> str:
    """What stands over it, as plain text."""
    titles = [axes.get_title().replace("\n", " ").replace(r"\$", "$") for axes in figure.axes]
    return next(filter(None, titles), figure.get_suptitle())


def plain(text: str, longest: int | None = None) -> str:
    """Text that matplotlib takes for no formula, that fits in an SVG, and that is no longer than so many characters."""
    visible = "".join(character if character.isprintable() else " " for character in text)
    short = visible if longest is None or len(visible) <= longest else f"{visible[: longest - 1]}…"
    return short.replace("$", r"\$")
