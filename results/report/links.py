"""Paths of the pages in the site."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import quote

from provbench.registry.base import file_name

from .content import Report, SuiteCell
from .tables import column_anchor, row_links


@dataclass(frozen=True)
class Appearance:
    """A place in a table where a run counts."""

    table: str
    method: str
    href: str


class Links:
    """The pages of a report."""

    def __init__(self, report: Report) -> None:
        self.report = report
        self.rows = {name: row_links(name, table) for name, table in report.tables.items()}

    def run(self, key: str | None) -> str | None:
        """The page of a run; None if it has none."""
        return f"runs/{key}.html" if key in self.report.runs else None

    def search(self, cell: SuiteCell) -> str | None:
        return None if cell.search is None else f"searches/{file_name(cell.section, cell.method)}.html"

    def method(self, cell: SuiteCell) -> str | None:
        """The first page about a cell: of a row in which its runs count, else of one of its name."""
        for run in cell.runs:
            for appearance in self.appearances.get(run.key, ()):
                return appearance.href
        for name, table in self.report.tables.items():
            for row, href in zip(table.rows, self.rows[name], strict=True):
                names = zip(table.columns, row.entries, strict=True)
                shown = {(column.task, entry.method or row.method) for column, entry in names}
                if (cell.task, cell.method) in shown:
                    return href
        return None

    def compare(self, section: str, method: str, other: str, column: str = "") -> str:
        """The comparison of two methods, each as `entry_name` names it."""
        values = {"section": section, "a": method, "b": other, "column": column}
        return "compare.html#" + "&".join(f"{name}={quote(value, safe='')}" for name, value in values.items() if value)

    @cached_property
    def appearances(self) -> Mapping[str, list[Appearance]]:
        """Table rows in which each run counts, by the run's key; each row once for each table."""
        found: dict[str, dict[str, Appearance]] = {}
        for name, table in self.report.tables.items():
            for row, cells, href in zip(table.rows, table.cells, self.rows[name], strict=True):
                for place, cell in enumerate(cells):
                    where = Appearance(table.title or name, row.title, f"{href}#{column_anchor(place)}")
                    for key in cell.keys.values():
                        found.setdefault(key, {}).setdefault(href, where)
        return {key: list(places.values()) for key, places in found.items()}


def entry_name(method: str, protocol: str) -> str:
    """A method as one selection protocol chose it."""
    return f"{method}/{protocol}"
