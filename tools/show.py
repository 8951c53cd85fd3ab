"""Printing for people and for scripts."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

    from ..results import Field, Table


WIDTH = 160
"""Of what is printed into a file or a pipe, in characters."""


def console() -> Console:
    from rich.console import Console

    screen = Console()
    return screen if screen.is_terminal else Console(width=WIDTH)


def print_json(value: Any) -> None:
    print(json.dumps(value, indent=2, ensure_ascii=False, default=str))


def print_rows(header: Sequence[str], rows: Iterable[Sequence[object]], title: str = "") -> None:
    """A plain table. Cells are text, never markup."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(*header, title=title or None, box=box.SIMPLE_HEAD, title_justify="left")
    for row in rows:
        table.add_row(*(Text(str(cell)) for cell in row))
    console().print(table)


def print_table(table: Table) -> None:
    """A results table, best values bold, notes below; in parts where the screen is too narrow for the whole."""
    from rich import box
    from rich.table import Table as RichTable
    from rich.text import Text

    screen = console()
    header, body = table.header(), table.body()
    for number, places in enumerate(_parts(header, body, screen.width)):
        title = Text(table.title, style="bold") if number == 0 else None
        grid = RichTable(title=title, box=box.SIMPLE_HEAD, title_justify="left")
        for place in places:
            field = header[place]
            grid.add_column(Text(field.text), justify="left" if field.kind == "label" else "right")
        for row in body:
            grid.add_row(*(Text(row[place].text, style="bold" if row[place].bold else "") for place in places))
        screen.print(grid)
    for note in table.notes:
        screen.print(Text(f"  {note}", style="dim"))
    screen.print()


def _parts(header: Sequence[Field], body: Sequence[Sequence[Field]], width: int) -> list[list[int]]:
    """The columns of each part: the label's, then as many metrics, whole, as the screen is wide; one at least."""
    padding = 2
    widths = [max(len(row[place].text) for row in [header, *body]) + padding for place in range(len(header))]
    metrics: list[list[int]] = []
    for place, field in enumerate(header[1:], start=1):
        if field.kind == "value":
            metrics.append([])
        metrics[-1].append(place)
    parts = [[0]]
    for metric in metrics:
        taken = sum(widths[place] for place in [*parts[-1], *metric]) + padding
        if taken > width and len(parts[-1]) > 1:
            parts.append([0])
        parts[-1] += metric
    return parts
