"""A table as Markdown, LaTeX, HTML, CSV or JSON. Names are escaped: a method's name must not break or run anything."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

from pydantic_core import to_json as to_json_bytes

from provbench.registry.base import UnknownNameError, escape

from .fields import field
from .model import Field, Table

EXPORTED = ("value", "p", "effect", "published", "deviation")
"""The statistics of every cell in CSV and JSON files, whether the table shows them or not, in this order."""

LATEX_WIDTH = 100
"""Characters that fit into the text width of a page; a wider table is scaled down to it."""


def to_markdown(table: Table) -> str:
    """A GitHub table, with the notes as a list under it. Groups of rows have a line of their own."""

    def line(fields: list[str]) -> str:
        return f"| {' | '.join(fields)} |"

    def shown(field: Field) -> str:
        text = escape.markdown(field.text)
        return f"**{text}**" if field.bold else text

    header, body = _headed(table), table.body()
    lines = [line([shown(field) for field in header])]
    lines.append(line(["---" if field.kind == "label" else "---:" for field in header]))
    for group, rows in _grouped(table, body):
        lines += [line([f"*{escape.markdown(group)}*", *[""] * (len(header) - 1)])] if group else []
        lines += [line([shown(field) for field in row]) for row in rows]
    title = [f"### {escape.markdown(table.title)}", ""] if table.title else []
    notes = ["", *(f"- {escape.markdown(note)}" for note in table.notes)] if table.notes else []
    return "\n".join([*title, *lines, *notes]) + "\n"


def to_latex(table: Table) -> str:
    """A `table` environment in the style of booktabs, with the notes in small print under it. It needs no other
    package, but for a wide table graphicx."""

    def line(fields: list[Field]) -> str:
        texts = [escape.latex(field.text) for field in fields]
        if texts[0].startswith(("[", "*")):
            texts[0] = "{}" + texts[0]  # or the line break before it would take it for its argument
        texts = [rf"\textbf{{{text}}}" if field.bold else text for text, field in zip(texts, fields, strict=True)]
        return " & ".join(texts) + r" \\"

    header, body = table.header(), table.body()
    alignment = "".join("l" if field.kind == "label" else "r" for field in header)
    rows = [*_latex_spans(table), line(header)]
    for group, of in _grouped(table, body):
        rows.append(r"\midrule")
        rows += [rf"\multicolumn{{{len(header)}}}{{l}}{{\textit{{{escape.latex(group)}}}}} \\"] if group else []
        rows += [line(row) for row in of]
    tabular = [rf"\begin{{tabular}}{{{alignment}}}", r"\toprule", *rows, r"\bottomrule", r"\end{tabular}"]
    wide = sum(max(len(row[place].text) for row in [header, *body]) + 2 for place in range(len(header))) > LATEX_WIDTH
    if wide:
        tabular = [r"\setlength{\tabcolsep}{3pt}", r"\resizebox{\textwidth}{!}{%", *tabular[:-1], tabular[-1] + "}"]
    needs = [f"% \\usepackage{{booktabs{',graphicx' if wide else ''}}}"]
    caption = [rf"\caption{{{escape.latex(table.title)}}}"] if table.title else []
    label = [rf"\label{{{escape.latex_label(table.label)}}}"] if table.label else []
    notes = [rf"{escape.latex(note)}\par" for note in table.notes]
    notes = [r"\par\smallskip\scriptsize\raggedright", *notes] if notes else []
    lines = [*needs, r"\begin{table}", r"\centering", *caption, *label, *tabular, *notes, r"\end{table}"]
    return "\n".join(lines) + "\n"


def to_html(table: Table) -> str:
    """A `figure` with a `table`, for any page: classes to style, the number behind each field to sort by, no scripts.

    A field of ours has `data-runs`, the keys of its runs by seed.
    """

    def field(i: int, one: Field) -> str:
        if one.column is None:
            return f'<th scope="row">{escape.html(one.text)}</th>'
        cell = table.cells[i][one.column]
        keys = f' data-runs="{escape.html(" ".join(cell.keys.values()))}"' if one.kind == "value" and cell.keys else ""
        text = f"<strong>{escape.html(one.text)}</strong>" if one.bold else escape.html(one.text)
        return f'<td class="{escape.html(one.kind)}" data-sort="{_sort_value(table, i, one)}"{keys}>{text}</td>'

    header = table.header()
    spans = "".join(f'<th colspan="{width}" scope="colgroup">{escape.html(text)}</th>' for text, width in table.spans())
    heads = "".join(f'<th scope="col" class="{escape.html(one.kind)}">{escape.html(one.text)}</th>' for one in header)
    caption = [f"<figcaption>{escape.html(table.title)}</figcaption>"] if table.title else []
    lines = ["<figure>", *caption, "<table>", "<thead>"]
    lines += [f"<tr>{spans}</tr>"] if spans else []
    lines += [f"<tr>{heads}</tr>", "</thead>"]
    numbered = iter(enumerate(table.body()))
    for group, count in table.groups():
        lines.append("<tbody>")
        wide = f'<th colspan="{len(header)}" scope="rowgroup">{escape.html(group)}</th>'
        lines += [f'<tr class="group">{wide}</tr>'] if group else []
        lines += [f"<tr>{''.join(field(i, one) for one in row)}</tr>" for i, row in islice(numbered, count)]
        lines.append("</tbody>")
    notes = "".join(f"<li>{escape.html(note)}</li>" for note in table.notes)
    notes = [f'<ul class="notes">{notes}</ul>'] if notes else []
    return "\n".join([*lines, "</table>", *notes, "</figure>"]) + "\n"


def to_csv(table: Table) -> str:
    """One line a cell, numbers in full: for spreadsheets and scripts. The notes are in the other forms."""
    return _csv(_lines(table))


def to_json(table: Table) -> str:
    """Everything: every cell with its values and runs by seed, and the notes."""
    return _json(_content(table))


def _content(table: Table) -> dict[str, Any]:
    cells = [
        {**_flat(table, i, j), **_origin(table, i, j), "values": dict(cell.values), "runs": dict(cell.keys)}
        for i, row in enumerate(table.cells)
        for j, cell in enumerate(row)
    ]
    return {
        "title": table.title,
        "variant": table.variant.name,
        "baseline": table.baseline,
        "notes": list(table.notes),
        "cells": cells,
    }


def _csv(lines: Sequence[Mapping[str, Any]]) -> str:
    out = io.StringIO()
    if lines:
        names = list(dict.fromkeys(name for line in lines for name in line))
        writer = csv.DictWriter(out, fieldnames=names, lineterminator="\n")
        writer.writeheader()
        writer.writerows({name: escape.spreadsheet(value) for name, value in line.items()} for line in lines)
    return out.getvalue()


def _lines(table: Table) -> list[dict[str, Any]]:
    return [_flat(table, i, j) for i in range(len(table.rows)) for j in range(len(table.columns))]


def _json(content: object) -> str:
    return escape.json_text(to_json_bytes(content, indent=2, inf_nan_mode="null").decode()) + "\n"


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


def render_all(tables: Mapping[str, Table], form: str) -> str:
    """Several tables, by name, as one document: one JSON object `{"tables": [{"table": name, ...}]}`, one CSV with one
    header and the column `table` first, or one table after another in the other forms of `RENDERERS`."""
    if form == "json":
        return _json({"tables": [{"table": name, **_content(table)} for name, table in tables.items()]})
    if form == "csv":
        return _csv([{"table": name, **line} for name, table in tables.items() for line in _lines(table)])
    return "\n".join(render(table, form) for table in tables.values())


def _flat(table: Table, i: int, j: int) -> dict[str, Any]:
    """A cell as plain values."""
    row, column, cell = table.rows[i], table.columns[j], table.cells[i][j]
    return {
        **({"method": column.method, "row": row.method} if column.method else {"method": row.method}),
        "label": row.title,
        "group": row.group,
        "variant": table.variant.badge or table.variant.name,
        "task": column.task,
        "model": cell.model,
        "metric": column.metric,
        "unit": column.unit,
        "over": (row.over or column.over) if column.over else "",
        "setting": column.setting if row.setting is None else row.setting,
        "column": column.title,
        "column_group": column.group,
        "selection": column.selection,
        **_numbers(table, i, j),
        "runs": " ".join(cell.keys.values()),
    }


def _origin(table: Table, i: int, j: int) -> dict[str, Any]:
    """Returns what decides whether a number may be compared with another, and which of two is better."""
    runs = {run.key: run for run in table.rows[i].entries[j].runs}
    first = next((runs[key] for key in table.cells[i][j].keys.values() if key in runs), None)
    return {
        "higher_is_better": table.columns[j].higher_is_better,
        "protocol": first.protocol if first else "",
        "fingerprint": first.fingerprint if first else "",
    }


def _numbers(table: Table, i: int, j: int) -> dict[str, Any]:
    """Returns what the statistics of a cell export: the basic ones always, and those that the table shows."""
    found = table.cells[i][j].statistics
    return {
        name: number
        for kind in dict.fromkeys((*EXPORTED, *table.show))
        for name, number in field(kind).exported(found.get(kind)).items()
    }


def _headed(table: Table) -> list[Field]:
    """The header with the headings over its columns in its texts, for forms that have one line for both."""
    header = table.header()
    over = [text for text, width in table.spans() for _ in range(width)] or [""] * len(header)
    first = [place for place, field in enumerate(header) if field.column != header[place - 1].column]
    return [
        replace(field, text=f"{group} {field.text}") if group and place in first else field
        for place, (group, field) in enumerate(zip(over, header, strict=True))
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
        heads.append(rf"\multicolumn{{{width}}}{{c}}{{{escape.latex(text)}}}" if text else " &" * (width - 1))
        rules += [rf"\cmidrule(lr){{{place}-{place + width - 1}}}"] if text else []
        place += width
    return [" & ".join(heads) + r" \\", "".join(rules)]


def _sort_value(table: Table, i: int, one: Field) -> str:
    """The number that a field shows and is sorted by; nothing where there is none."""
    value = None if one.column is None else table.cells[i][one.column].number(one.kind)
    return "" if value is None else repr(float(value))
