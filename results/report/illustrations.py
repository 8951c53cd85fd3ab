"""Figures as the site shows them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from markupsafe import Markup

from ..figures import FORMS, figure_bytes, figure_title, inline_svg
from .names import file_name

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class SiteFigure:
    """A figure. svg: for the page itself, in the page's colours; files: to take away, by path in the site."""

    name: str
    title: str
    svg: Markup
    files: Mapping[str, bytes]


def site_figure(name: str, figure: Figure) -> SiteFigure:
    stem = file_name(name)
    files = {f"figures/{stem}.{form}": figure_bytes(figure, stem, form) for form in FORMS}
    title = figure_title(figure) or name
    return SiteFigure(name, title, Markup(inline_svg(figure, stem, title)), files)
