"""Signatures of the parts of the site, which decide whether a part is made again: digests of what it shows and of its
code.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Any

from ..tables import Table
from .content import Report, SuiteCell
from .pages import program_digest


def signature(*parts: Any) -> str:
    """Returns a digest of values whose `repr` says what they are."""
    return sha256(repr((program_digest(), parts)).encode(errors="replace")).hexdigest()


def report_signature(report: Report, runs: Iterable[str]) -> str:
    """Returns a digest of all that the pages of methods, searches and runs show. runs: the signatures of the runs."""
    tables = [(name, _table(table)) for name, table in report.tables.items()]
    fixed = (report.suite, report.description, report.source, report.options, report.note, report.program)
    return signature(fixed, list(runs), tables, [_cell(cell) for cell in report.cells])


def _table(table: Table) -> Sequence[Any]:
    """A table without the records of its runs, which have signatures of their own."""
    rows = [
        (row.method, row.label, row.group, row.setting, row.over, [(one.seeds, one.search) for one in row.entries])
        for row in table.rows
    ]
    shown = (table.title, table.variant, table.baseline, table.label, table.show, table.notes)
    return shown, table.columns, rows, table.cells


def _cell(cell: SuiteCell) -> Sequence[Any]:
    chosen = [
        (one.protocol, one.metric, one.chosen, [(seed, run.key) for seed, run in one.runs.items()])
        for one in cell.selections
    ]
    named = (cell.section, cell.task, cell.title, cell.method, cell.label, cell.variant, cell.seeds, cell.classes)
    return named, cell.search, chosen
