"""Printing for people and for scripts."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import islice
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from provbench.registry.base import json_text, visible

from .answer import print_answer

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table as RichTable

    from provbench.results.tables import Field, Table


WIDTH = 160
"""Width of output into a file or a pipe, in characters."""

LABEL, HEADING, SOURCE = 32, 10, 22
"""Characters after which the heading over a group of rows breaks, a column's at the earliest, a published number."""


def console() -> Console:
    from rich.console import Console

    screen = Console()
    return screen if screen.is_terminal else Console(width=WIDTH)


def print_json(value: Any) -> None:
    """Print the answer of a command that was called with --json."""
    print_answer(json_text(json.dumps(value, indent=2, ensure_ascii=False, default=str)))


def print_rows(header: Sequence[str], rows: Iterable[Sequence[object]], title: str = "") -> None:
    """A plain table. Cells are text, never markup."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, title=Text(visible(title)) if title else None, title_justify="left")
    for heading in header:
        table.add_column(Text(visible(heading)))
    for row in rows:
        table.add_row(*(Text(visible(str(cell))) for cell in row))
    console().print(table)


def print_table(table: Table) -> None:
    """A results table, best values bold, notes below; in parts where the screen is too narrow for the whole.

    Numbers stay on one line: what breaks where a column alone is too wide is a name, a heading or a source.
    """
    from rich.padding import Padding
    from rich.text import Text

    screen = console()
    body = _body(table)
    header = _header(table, body)
    headings = [line for group, _ in table.groups() for line in _lines(group, LABEL)]
    screen.print(Text(visible(table.title), style="bold"))
    for places in _parts(header, body, headings, screen.width):
        screen.print(_grid(table, header, body, places))
    for note in table.notes:
        screen.print(Padding(Text(visible(f"· {note}"), style="dim"), (0, 0, 0, 2)))
    screen.print()


def _grid(table: Table, header: list[Field], body: list[list[Field]], places: list[int]) -> RichTable:
    from rich import box
    from rich.table import Table as RichTable
    from rich.text import Text

    grid = RichTable(box=box.SIMPLE_HEAD)
    height = max(header[place].text.count("\n") for place in places)
    for place in places:
        field = header[place]
        justify = "left" if field.kind == "label" else "right"
        breaks = field.kind in ("label", "published")
        above = "\n" * (height - field.text.count("\n"))
        grid.add_column(Text(above + field.text), justify=justify, no_wrap=not breaks, overflow="fold")
    rows = iter(body)
    for group, count in table.groups():
        if group:
            grid.add_section()
            grid.add_row(Text("\n".join(_lines(group, LABEL)), style="italic"))
        for row in islice(rows, count):
            grid.add_row(*(Text(row[place].text, style="bold" if row[place].bold else "") for place in places))
    return grid


def _body(table: Table) -> list[list[Field]]:
    """The fields in lines: rows stand under their group's heading, and long sources under their numbers."""
    grouped = (bool(group) for group, count in table.groups() for _ in range(count))

    def field(one: Field, indented: bool) -> Field:
        one = replace(one, text=visible(one.text))
        if one.kind == "label":
            return replace(one, text=f"  {one.text}" if indented else one.text)
        long = one.kind == "published" and len(one.text) > SOURCE
        return replace(one, text=one.text.replace(" (", "\n(", 1)) if long else one

    return [[field(one, indented) for one in row] for row, indented in zip(table.body(), grouped, strict=True)]


def _header(table: Table, body: list[list[Field]]) -> list[Field]:
    """The titles, under the headings over groups of columns, in lines not much longer than what stands below them."""
    header = table.header()
    over = [text for text, width in table.spans() for _ in range(width)] or [""] * len(header)
    heads = []
    for place, (field, group) in enumerate(zip(header, over, strict=True)):
        width = max([HEADING, *(_width(row[place]) for row in body)])
        first = place > 0 and field.column != header[place - 1].column
        lines = [*_lines(group if first else "", width), *_lines(field.text, width)]
        heads.append(replace(field, text="\n".join(lines)))
    return heads


def _parts(
    header: Sequence[Field], body: Sequence[Sequence[Field]], headings: Sequence[str], width: int
) -> list[list[int]]:
    """The columns of each part: the label's, then as many metrics, whole, as the screen is wide; one at least."""
    padding = 3  # rich's own, and the line between columns
    widths = [max(_width(row[place]) for row in [header, *body]) + padding for place in range(len(header))]
    widths[0] = max([widths[0], *(len(heading) + padding for heading in headings)])
    metrics: dict[int | None, list[int]] = {}
    for place, field in enumerate(header[1:], start=1):
        metrics.setdefault(field.column, []).append(place)
    parts = [[0]]
    for metric in metrics.values():
        taken = sum(widths[place] for place in [*parts[-1], *metric]) + padding
        if taken > width and len(parts[-1]) > 1:
            parts.append([0])
        parts[-1] += metric
    return parts


def _lines(text: str, width: int) -> list[str]:
    return wrap(visible(text), width, break_long_words=False, break_on_hyphens=False)


def _width(field: Field) -> int:
    from rich.cells import cell_len

    return max(map(cell_len, field.text.split("\n")))
