"""A table as Markdown, LaTeX, CSV or JSON. Names are escaped: a method's name must not break or run anything."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from typing import Any

from ..registry.errors import UnknownNameError
from .tables import Cell, Column, Field, Table

_MARKDOWN = re.compile(r"([\\|*_`<>\[\]~#])")

_LATEX = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "±": r"$\pm$",
    "Δ": r"$\Delta$",
    "–": "--",
    **{character: f"\\{character}" for character in "&%$#_{}"},
}

_FORMULA = ("=", "+", "-", "@", "\t")
"""What makes a spreadsheet run a text as a formula, where it stands first."""

_LINE_BREAKS = re.compile(r"[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]+")


def to_markdown(table: Table) -> str:
    """A GitHub table, with the notes as a list under it."""

    def line(fields: list[str]) -> str:
        return f"| {' | '.join(fields)} |"

    def shown(field: Field) -> str:
        text = _markdown(field.text)
        return f"**{text}**" if field.bold else text

    header = table.header()
    rules = ["---" if field.kind == "label" else "---:" for field in header]
    lines = [line([shown(field) for field in header]), line(rules)]
    lines += [line([shown(field) for field in row]) for row in table.body()]
    title = [f"### {_markdown(table.title)}", ""] if table.title else []
    notes = ["", *(f"- {_markdown(note)}" for note in table.notes)] if table.notes else []
    return "\n".join([*title, *lines, *notes]) + "\n"


def to_latex(table: Table) -> str:
    """A `table` environment in the style of booktabs, with the notes in small print under it."""

    def line(fields: list[Field]) -> str:
        texts = [_latex(field.text) for field in fields]
        if texts[0].startswith(("[", "*")):
            texts[0] = "{}" + texts[0]  # or the line break before it would take it for its argument
        texts = [rf"\textbf{{{text}}}" if field.bold else text for text, field in zip(texts, fields, strict=True)]
        return " & ".join(texts) + r" \\"

    header = table.header()
    caption = [rf"\caption{{{_latex(table.title)}}}"] if table.title else []
    alignment = "".join("l" if field.kind == "label" else "r" for field in header)
    rows = [line(header), r"\midrule", *(line(row) for row in table.body())]
    tabular = [rf"\begin{{tabular}}{{{alignment}}}", r"\toprule", *rows, r"\bottomrule", r"\end{tabular}"]
    notes = [rf"{_latex(note)}\par" for note in table.notes]
    notes = [r"\par\smallskip\footnotesize", *notes] if notes else []
    return "\n".join([r"\begin{table}", r"\centering", *caption, *tabular, *notes, r"\end{table}"]) + "\n"


def to_csv(table: Table) -> str:
    """One line a cell, numbers in full: for spreadsheets and scripts. The notes are in the other forms."""
    out = io.StringIO()
    lines = [_flat(table, i, j) for i in range(len(table.rows)) for j in range(len(table.columns))]
    if lines:
        writer = csv.DictWriter(out, fieldnames=list(lines[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows({name: _harmless(value) for name, value in line.items()} for line in lines)
    return out.getvalue()


def to_json(table: Table) -> str:
    """Everything: every cell with its values and runs by seed, and the notes."""
    cells = [
        [{**_flat(table, i, j), "values": dict(cell.values), "runs": dict(cell.keys)} for j, cell in enumerate(row)]
        for i, row in enumerate(table.cells)
    ]
    content = {
        "title": table.title,
        "variant": table.variant,
        "baseline": table.baseline,
        "notes": list(table.notes),
        "cells": [cell for row in cells for cell in row],
    }
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


RENDERERS: dict[str, Callable[[Table], str]] = {
    "markdown": to_markdown,
    "latex": to_latex,
    "csv": to_csv,
    "json": to_json,
}


def render(table: Table, form: str) -> str:
    """The table in one of the forms of `RENDERERS`; `UnknownNameError` for another."""
    if form not in RENDERERS:
        raise UnknownNameError("table format", form, RENDERERS)
    return RENDERERS[form](table)


def _flat(table: Table, i: int, j: int) -> dict[str, Any]:
    """A cell as plain values."""
    row, column, cell = table.rows[i], table.columns[j], table.cells[i][j]
    return {
        "method": row.method,
        "label": row.title,
        "variant": table.variant.upper() if table.variant == "mini" else table.variant,
        "task": column.task,
        "model": row.model(column.task),
        "metric": column.metric,
        "unit": column.unit,
        "selection": column.selection,
        **_numbers(cell, column),
    }


def _numbers(cell: Cell, column: Column) -> dict[str, Any]:
    summary, published = cell.summary, cell.published
    return {
        "mean": summary.mean if summary else None,
        "std": summary.std if summary else None,
        "n": summary.n if summary else 0,
        "missing": len(cell.missing),
        "failed": len(cell.failed),
        "void": len(cell.void),
        "best": cell.best,
        "p": cell.p_value,
        "published": published.value if published else None,
        "published_spread": published.spread if published else None,
        "source": published.source if published else None,
        "inferred": published.inferred if published else None,
        "where": published.where if published else None,
        "deviation": cell.deviation,
    }


def _markdown(text: str) -> str:
    return _MARKDOWN.sub(r"\\\1", _one_line(text))


def _latex(text: str) -> str:
    return "".join(_LATEX.get(character, character) for character in _one_line(text))


def _harmless(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    text = _one_line(value)
    return f"'{text}" if text.startswith(_FORMULA) or text.lstrip().startswith(_FORMULA) else text


def _one_line(text: str) -> str:
    return _LINE_BREAKS.sub(" ", text)
