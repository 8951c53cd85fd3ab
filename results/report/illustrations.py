"""Figures as the site shows them: files to take away, and one that is a part of the page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from markupsafe import Markup

from provbench.registry.base import file_name

from ..figures import FORMS, figure_bytes, figure_title, inline_svg
from .site_files import Content

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class SiteFigure:
    """A figure. svg: for the page itself, in the page's colours; files: to take away, as paths in the site."""

    name: str
    title: str
    svg: Markup
    files: Sequence[str]


def figure_files(name: str, figure: Figure) -> Iterator[tuple[str, Content]]:
    """Draws a figure in the forms that are offered, and in that of the page."""
    stem = file_name(name)
    for form in FORMS:
        yield f"figures/{stem}.{form}", figure_bytes(figure, stem, form)
    yield _on_page(stem), inline_svg(figure, stem, _title(name, figure))


def shown_figure(name: str, figure: Figure, site: Path) -> SiteFigure:
    """Returns the figure as the page shows it, from the files that `figure_files` made in the folder `site`."""
    stem = file_name(name)
    svg = (site / _on_page(stem)).read_text(encoding="utf-8")
    return SiteFigure(name, _title(name, figure), Markup(svg), [f"figures/{stem}.{form}" for form in FORMS])


def _on_page(stem: str) -> str:
    """Returns the path, in the site, of the figure for the page: drawing takes longer than reading it again."""
    return f"figures/{stem}.page.svg"


def _title(name: str, figure: Figure) -> str:
    return figure_title(figure) or name
