"""Printing for people and for scripts."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

    from ..results import Table


def console() -> Console:
    from rich.console import Console

    return Console()


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
    """A results table, its best values bold, its notes below."""
    from rich import box
    from rich.table import Table as RichTable
    from rich.text import Text

    grid = RichTable(title=Text(table.title, style="bold"), box=box.SIMPLE_HEAD, title_justify="left")
    for field in table.header():
        grid.add_column(Text(field.text), justify="left" if field.kind == "label" else "right")
    for row in table.body():
        grid.add_row(*(Text(field.text, style="bold" if field.bold else "") for field in row))
    screen = console()
    screen.print(grid)
    for note in table.notes:
        screen.print(Text(f"  {note}", style="dim"))
    screen.print()
