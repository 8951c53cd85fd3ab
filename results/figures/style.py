"""Style that all figures share."""

from __future__ import annotations

import io
import textwrap
import warnings
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from provbench.registry.base import atomic_file

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#7F7F7F")
"""Colours that colour-blind readers can distinguish, too (Okabe & Ito, 2008)."""

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
    """Adds a legend; it stands next to the axes if the artists are many. artists: by label, any text."""
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
    """Returns the title above the figure, as plain text."""
    titles = [axes.get_title().replace("\n", " ").replace(r"\$", "$") for axes in figure.axes]
    return next(filter(None, titles), figure.get_suptitle())


def figure_signature(figure: Figure) -> str:
    """Returns a digest of what a figure shows, before it is drawn, which takes seconds where there are many lines."""
    parts: list[Any] = [figure.get_size_inches().tolist()]
    for axes in figure.axes:
        parts += [axes.get_xscale(), axes.get_yscale(), axes.get_xlim(), axes.get_ylim(), axes.get_position().bounds]
    parts += [part for artist in figure.findobj() for part in _shown(artist)]
    return sha256(repr(parts).encode(errors="replace")).hexdigest()


def _shown(artist: Artist) -> Iterator[Any]:
    import numpy as np
    from matplotlib.collections import Collection
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch
    from matplotlib.text import Text

    yield type(artist).__name__, artist.get_visible(), artist.get_alpha(), artist.get_zorder()
    if isinstance(artist, Line2D):
        yield (
            np.asarray(artist.get_xydata()).tolist(),
            artist.get_color(),
            artist.get_linewidth(),
            artist.get_linestyle(),
        )
        yield str(artist.get_marker()), artist.get_markersize()
    elif isinstance(artist, Text):
        yield artist.get_text(), artist.get_position(), artist.get_fontsize(), artist.get_color()
    elif isinstance(artist, Collection):
        yield [np.asarray(path.vertices).tolist() for path in artist.get_paths()]
        yield [np.asarray(of()).tolist() for of in (artist.get_facecolor, artist.get_edgecolor, artist.get_offsets)]
    elif isinstance(artist, Patch):
        yield np.asarray(artist.get_path().vertices).tolist(), artist.get_facecolor(), artist.get_edgecolor()


def plain(text: str, longest: int | None = None) -> str:
    """Text that matplotlib takes for no formula, that fits in an SVG, and that is no longer than so many characters."""
    visible = "".join(character if character.isprintable() else " " for character in text)
    short = visible if longest is None or len(visible) <= longest else f"{visible[: longest - 1]}…"
    return short.replace("$", r"\$")
