"""A table as Markdown, LaTeX, HTML, CSV or JSON. Names are escaped: a method's name must not break or run anything."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from dataclasses import replace
from html import escape
from itertools import islice
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
    """A GitHub table, with the notes as a list under it. Groups of rows have a line of their own."""

    def line(fields: list[str]) -> str:
        return f"| {' | '.join(fields)} |"

    def shown(field: Field) -> str:
        text = _markdown(field.text)
        return f"**{text}**" if field.bold else text

    header, body = _headed(table), table.body()
    lines = [line([shown(field) for field in header])]
    lines.append(line(["---" if field.kind == "label" else "---:" for field in header]))
    for group, rows in _grouped(table, body):
        lines += [line([f"*{_markdown(group)}*", *[""] * (len(header) - 1)])] if group else []
        lines += [line([shown(field) for field in row]) for row in rows]
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
    label = [rf"\label{{{_latex_label(table.label)}}}"] if table.label else []
    alignment = "".join("l" if field.kind == "label" else "r" for field in header)
    rows = [*_latex_spans(table), line(header)]
    for group, of in _grouped(table, table.body()):
        rows.append(r"\midrule")
        rows += [rf"\multicolumn{{{len(header)}}}{{l}}{{\textit{{{_latex(group)}}}}} \\"] if group else []
        rows += [line(row) for row in of]
    tabular = [rf"\begin{{tabular}}{{{alignment}}}", r"\toprule", *rows, r"\bottomrule", r"\end{tabular}"]
    notes = [rf"{_latex(note)}\par" for note in table.notes]
    notes = [r"\par\smallskip\footnotesize", *notes] if notes else []
    return "\n".join([r"\begin{table}", r"\centering", *caption, *label, *tabular, *notes, r"\end{table}"]) + "\n"


def to_html(table: Table) -> str:
    """A `figure` with a `table`, for any page: classes to style, the number behind each field to sort by, no scripts.

    A field of ours has `data-runs`, the keys of its runs by seed.
    """

    def field(place: int, i: int, one: Field) -> str:
        if place == 0:
            return f'<th scope="row">{escape(one.text)}</th>'
        assert one.column is not None
        cell = table.cells[i][one.column]
        keys = f' data-runs="{escape(" ".join(cell.keys.values()))}"' if one.kind == "value" and cell.keys else ""
        text = f"<strong>{escape(one.text)}</strong>" if one.bold else escape(one.text)
        return f'<td class="{one.kind}" data-sort="{_sort_value(cell, one.kind)}"{keys}>{text}</td>'

    header = table.header()
    spans = "".join(f'<th colspan="{width}" scope="colgroup">{escape(text)}</th>' for text, width in table.spans())
    heads = "".join(f'<th scope="col" class="{one.kind}">{escape(one.text)}</th>' for one in header)
    lines = ["<figure>", f"<figcaption>{escape(table.title)}</figcaption>", "<table>", "<thead>"]
    lines += [f"<tr>{spans}</tr>"] if spans else []
    lines += [f"<tr>{heads}</tr>", "</thead>"]
    number = 0
    for group, rows in _grouped(table, table.body()):
        lines.append("<tbody>")
        lines += [f'<tr class="group"><th colspan="{len(header)}">{escape(group)}</th></tr>'] if group else []
        for row in rows:
            lines.append(f"<tr>{''.join(field(place, number, one) for place, one in enumerate(row))}</tr>")
            number += 1
        lines.append("</tbody>")
    notes = "".join(f"<li>{escape(note)}</li>" for note in table.notes)
    return "\n".join([*lines, "</table>", f'<ul class="notes">{notes}</ul>', "</figure>"]) + "\n"


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
    "html": to_html,
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
        "group": row.group,
        "model": cell.model,
        "metric": column.metric,
        "unit": column.unit,
        "selection": column.selection,
        **_numbers(cell, column),
    }


def _numbers(cell: Cell, column: Column) -> dict[str, Any]:
    summary, published = cell.summary, cell.published
    interval = summary.interval() if summary else None
    return {
        "mean": summary.mean if summary else None,
        "std": summary.std if summary else None,
        "low": interval.low if interval else None,
        "high": interval.high if interval else None,
        "n": summary.n if summary else 0,
        "missing": len(cell.missing),
        "failed": len(cell.failed),
        "void": len(cell.void),
        "best": cell.best,
        "bold": cell.bold,
        "p": cell.p_value,
        "difference": cell.effect.difference if cell.effect else None,
        "effect": cell.effect.g_z if cell.effect else None,
        "published": published.value if published else None,
        "published_spread": published.spread if published else None,
        "source": published.source if published else None,
        "inferred": published.inferred if published else None,
        "where": published.where if published else None,
        "published_spread_kind": published.spread_kind if published else None,
        "deviation": cell.deviation.points if cell.deviation else None,
        "deviation_in_standard_errors": cell.deviation.standard_errors if cell.deviation else None,
    }


def _headed(table: Table) -> list[Field]:
    """The header, with the headings over its columns in its texts, for forms that have one line for it."""
    over = [text for text, width in table.spans() for _ in range(width)] or [""] * len(table.header())
    return [
        replace(field, text=f"{group} {field.text}") if group and field.kind == "value" else field
        for group, field in zip(over, table.header(), strict=True)
    ]


def _grouped(table: Table, body: list[list[Field]]) -> list[tuple[str, list[list[Field]]]]:
    """The rows by the heading over them."""
    rows = iter(body)
    return [(text, list(islice(rows, count))) for text, count in table.groups()]


def _latex_spans(table: Table) -> list[str]:
    if not table.spans():
        return []
    heads, rules, place = [], [], 1
    for text, width in table.spans():
        heads.append(rf"\multicolumn{{{width}}}{{c}}{{{_latex(text)}}}" if text else " &" * (width - 1))
        rules += [rf"\cmidrule(lr){{{place}-{place + width - 1}}}"] if text else []
        place += width
    return [" & ".join(heads) + r" \\", "".join(rules)]


def _sort_value(cell: Cell, kind: str) -> str:
    """The number that a field is sorted by; nothing where there is none."""
    values = {
        "value": cell.summary and cell.summary.mean,
        "published": cell.published and cell.published.value,
        "deviation": cell.deviation and cell.deviation.points,
        "p": cell.p_value,
        "effect": cell.effect and cell.effect.g_z,
    }
    value = values.get(kind)
    return "" if value is None else repr(float(value))


def _latex_label(text: str) -> str:
    return re.sub(r"[^\w:.+-]", "-", text)


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
