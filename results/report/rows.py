"""The body of a large table as markup. A template that goes through a hundred thousand fields takes a minute."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup, escape

from provbench.registry.base import one_line

_FIELD, _ROW = "\x1f", "\x1e"
"""Separators, which no field has in it, since control characters are taken out of it."""

ANSWERS = ("yes", "no")


def number_rows(rows: Sequence[Sequence[str]]) -> Markup:
    """Returns `tr` elements with a `td` of numbers for each field."""
    return _rows(rows, '<tr><td class="number">', '</td><td class="number">')


def text_rows(rows: Sequence[Sequence[str]]) -> Markup:
    """Returns `tr` elements with a `td` for each field; one that says yes or no has that for its class."""
    text = str(_rows(rows, "<tr><td>", "</td><td>"))
    for answer in ANSWERS:
        text = text.replace(f"<td>{answer}</td>", f'<td class="{answer}">{answer}</td>')
    return Markup(text)


def pair_rows(pairs: Sequence[tuple[str, str]]) -> Markup:
    """Returns `tr` elements with a name as code and its value."""
    return _rows(pairs, '<tr><th scope="row"><code>', "</code></th><td>")


def _rows(rows: Sequence[Sequence[str]], opening: str, between: str) -> Markup:
    if not rows:
        return Markup("")
    joined = _ROW.join(_FIELD.join(map(_visible, row)) for row in rows)
    text = str(escape(joined)).replace(_FIELD, between).replace(_ROW, f"</td></tr>\n{opening}")
    return Markup(f"{opening}{text}</td></tr>")


def _visible(text: str) -> str:
    return text if text.isprintable() else one_line(text)
