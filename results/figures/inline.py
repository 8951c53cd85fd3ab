"""A figure inside a page: SVG that takes its colours from the page, so that it is readable on dark and on light."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from provbench.registry.base import html

from .style import PALETTE, figure_bytes

if TYPE_CHECKING:
    from matplotlib.figure import Figure

INK = ("#000000", "#262626")
"""Colours of text and lines, which become that of the page's text."""


def inline_svg(figure: Figure, name: str, title: str) -> str:
    """An `svg` element without a background.

    Its colours are `currentColor` for ink and `var(--tone-0)` and so on for those of the palette. Its ids begin with
    `name`, which has no quotes or spaces; `title` is any text, for readers that cannot see it.
    """
    text = figure_bytes(figure, name, "svg", transparent=True).decode()
    text = text[text.index("<svg") :].strip()
    text = re.sub(r"<metadata>.*?</metadata>\s*", "", text, count=1, flags=re.DOTALL)
    text = re.sub(r"<[^>]*>", lambda tag: _themed(tag[0], name), text)  # in tags: a method may be called #000000
    head, _, rest = text.partition(">")
    size = re.search(r'viewBox="[^"]*"', head)
    assert size is not None
    attributes = f'{size[0]} fill="currentColor" role="img" aria-label="{html(title)}"'
    return f'<svg xmlns:xlink="http://www.w3.org/1999/xlink" {attributes}>{rest}'


def _themed(tag: str, name: str) -> str:
    tag = re.sub(r'(\bid="|href="#|url\(#)', rf"\1{name}-", tag)
    for number, colour in enumerate(PALETTE):
        tag = re.sub(colour, "currentColor" if colour in INK else f"var(--tone-{number})", tag, flags=re.IGNORECASE)
    return re.sub("|".join(INK), "currentColor", tag)
