"""A table as its page shows it: every field with what it is sorted by, and where it leads."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from provbench.registry import FIELDS
from provbench.registry.base import file_name

from ..tables import Field, Table, render
from .site_files import Content
from .verdicts import Verdict, heading, judge

DOWNLOADS = {"csv": ".csv", "json": ".json", "markdown": ".md", "latex": ".tex"}


@dataclass(frozen=True)
class ShownField:
    """A field. sort: the number that it is sorted by; better: whether it beats the baseline beyond noise."""

    field: Field
    sort: float | None
    href: str
    better: bool | None = None


@dataclass(frozen=True)
class ShownRow:
    """A row. label: the method's, in full; href: of its page."""

    label: str
    href: str
    fields: Sequence[ShownField]


@dataclass(frozen=True)
class TablePage:
    """A table, ready to be shown."""

    name: str
    anchor: str
    table: Table
    header: Sequence[Field]
    spans: Sequence[tuple[str, Sequence[int]]]
    """Headings over columns: text, the places in `header` of the fields below it."""
    groups: Sequence[tuple[str, Sequence[ShownRow]]]
    picks: Sequence[tuple[int, str]]
    """Columns that may be hidden: place, title."""
    kinds: Sequence[tuple[str, str]]
    """Kinds of fields that may be hidden: kind, title."""
    verdict: Verdict
    downloads: Mapping[str, str]
    """Path in the site by ending."""


def table_page(name: str, table: Table, links: Sequence[str]) -> TablePage:
    """links: the page of each row."""
    header = table.header()
    lines = iter([_line(table, i, fields, links[i]) for i, fields in enumerate(table.body())])
    kinds = [kind for kind in dict.fromkeys(field.kind for field in header[1:]) if not FIELDS.get(kind).always]
    return TablePage(
        name=name,
        anchor=table_anchor(name),
        table=table,
        header=header,
        spans=list(_spans(table)),
        groups=[(text, list(islice(lines, count))) for text, count in table.groups()],
        picks=[(place, heading(column)) for place, column in enumerate(table.columns)],
        kinds=[(kind, FIELDS.get(kind).title) for kind in kinds],
        verdict=judge(table),
        downloads={ending: f"tables/{file_name(name)}{ending}" for ending in DOWNLOADS.values()},
    )


def table_files(page: TablePage) -> Iterator[tuple[str, Content]]:
    """Returns the table in the forms that are offered next to it."""
    for form, ending in DOWNLOADS.items():
        yield page.downloads[ending], render(page.table, form)


def row_links(name: str, table: Table) -> list[str]:
    """A page for each row of a table, as paths in the site. A method may have several rows in a table."""
    taken: dict[tuple[str, ...], int] = {}
    links = []
    for row in table.rows:
        parts = (name, row.method, row.group) if row.group and _twice(table, row.method) else (name, row.method)
        taken[parts] = taken.get(parts, 0) + 1
        number = (str(taken[parts]),) if taken[parts] > 1 else ()
        links.append(f"methods/{file_name(*parts, *number)}.html")
    return links


def table_anchor(name: str) -> str:
    """Returns the anchor of a table in the index."""
    return file_name("table", name)


def column_anchor(place: int) -> str:
    """Returns the anchor of a column in the pages of the rows."""
    return f"column-{place + 1}"


def _twice(table: Table, method: str) -> bool:
    return sum(row.method == method for row in table.rows) > 1


def _line(table: Table, i: int, fields: Sequence[Field], href: str) -> ShownRow:
    shown = []
    for field in fields[1:]:
        assert field.column is not None
        cell, column = table.cells[i][field.column], table.columns[field.column]
        better = cell.differs(column) if field.kind in ("value", "p") else None
        shown.append(ShownField(field, cell.sort_value(field.kind), f"{href}#{column_anchor(field.column)}", better))
    return ShownRow(fields[0].text, href, shown)


def _spans(table: Table) -> Iterator[tuple[str, Sequence[int]]]:
    places = itertools.count()
    for text, width in table.spans():
        yield text, list(islice(places, width))
