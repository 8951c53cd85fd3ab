"""The layout of a table: which fields a column has, and the headings over them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from provbench.registry import FULL
from provbench.results import Column, RowRuns, Table, TableCell

from ..tabular import ACCURACY, published, row, table

ROWS = [
    row("baseline", (60.0, 62.0, 64.0), RowRuns(model="resnet50")),
    row("cutmix", (63.0, 65.5, 66.5), RowRuns(model="resnet50")),
    row("alia", (61.0, 65.0, 63.0), RowRuns(model="resnet50")),
]
CUB = Column("cub", "accuracy", label="CUB")
NUMBERS = [published("cutmix", 64.2), published("alia", 70.5, task="cub", source="secondary")]


def shown(made: Table) -> list[list[str]]:
    return [[field.text for field in fields] for fields in (made.header(), *made.body())]


def test_columns_show_what_they_have() -> None:
    made = table(ROWS, ACCURACY, CUB, baseline="baseline", published=NUMBERS)
    assert shown(made) == [
        ["method", "waterbirds accuracy [%]", "published", "Δ", "p", "CUB", "published"],
        ["baseline", "62.0 ± 2.0 (3)", "", "", "", "", ""],
        ["cutmix", "65.0 ± 1.8 (3)", "64.2 (paper)", "+0.8", "0.018", "", ""],
        ["alia", "63.0 ± 2.0 (3)", "", "", "0.478", "", "70.5 (secondary)"],
    ]


@pytest.mark.parametrize(
    ("show", "header", "cutmix"),
    [
        (("value",), ["waterbirds accuracy [%]", "CUB"], ["65.0 ± 1.8 (3)", ""]),
        (
            ("published", "value"),
            ["waterbirds accuracy [%]", "ours", "CUB", "ours"],
            ["64.2 (paper)", "65.0 ± 1.8 (3)"],
        ),
        (("published",), ["waterbirds accuracy [%]", "CUB"], ["64.2 (paper)", ""]),
        (("value", "interval"), ["waterbirds accuracy [%]", "95 %", "CUB"], ["65.0 ± 1.8 (3)", "[60.5, 69.5]"]),
        (("value", "effect"), ["waterbirds accuracy [%]", "g", "CUB"], ["65.0 ± 1.8 (3)", "+3.39"]),
        (("p",), ["waterbirds accuracy [%]", "CUB"], ["0.018", ""]),
    ],
)
def test_what_is_shown_is_chosen(show: tuple[str, ...], header: list[str], cutmix: list[str]) -> None:
    made = shown(table(ROWS, ACCURACY, CUB, baseline="baseline", published=NUMBERS, show=show))
    assert made[0][1:] == header
    assert made[2][1:3] == cutmix
    assert {len(fields) for fields in made} == {1 + len(header)}


def test_the_bold_fields_are_the_values() -> None:
    made = table(ROWS, ACCURACY, CUB, published=NUMBERS)
    bold = [(field.text, field.kind) for fields in made.body() for field in fields if field.bold]
    assert ("65.0 ± 1.8 (3)", "value") in bold
    assert {kind for _, kind in bold} == {"value"}


def test_decimals_are_the_columns() -> None:
    made = shown(table(ROWS, replace(ACCURACY, decimals=3), CUB, published=NUMBERS))
    assert made[2][1:4] == ["65.000 ± 1.803 (3)", "64.2 (paper)", "+0.800"]


def test_headings_over_columns() -> None:
    columns = [replace(ACCURACY, group="birds"), replace(ACCURACY, group="birds", label="again"), CUB]
    rows = [row("cutmix", *[ROWS[1].entries[0]] * 2, RowRuns())]
    made = table(rows, *columns, published=NUMBERS)
    assert made.spans() == [("", 1), ("birds", 6), ("", 1)]
    assert sum(width for _, width in made.spans()) == len(made.header())
    assert table(ROWS, ACCURACY, CUB).spans() == []


def test_headings_over_rows() -> None:
    rows = [replace(one, group=group) for group, one in zip(["a", "a", ""], ROWS, strict=True)]
    assert table(rows, ACCURACY, CUB).groups() == [("a", 2), ("", 1)]
    assert table(ROWS, ACCURACY, CUB).groups() == [("", 3)]


@pytest.mark.parametrize("columns", [[], [ACCURACY]])
@pytest.mark.parametrize("methods", [[], ["cutmix"]])
@pytest.mark.parametrize("show", [("value",), ("p",)])
def test_empty_tables_are_tables(columns: list, methods: list, show: tuple[str, ...]) -> None:
    rows = [row(method, *[()] * len(columns) or ()) for method in methods]
    if not columns:
        rows = [replace(one, entries=()) for one in rows]
    made = Table(
        "", FULL, tuple(columns), tuple(rows), tuple((TableCell(),) * len(columns) for _ in rows), (), show=show
    )
    assert len(made.header()) == 1 + len(columns)
    assert [len(fields) for fields in made.body()] == [1 + len(columns)] * len(methods)


def test_places_are_all_that_stands_in_a_table() -> None:
    made = table(ROWS, ACCURACY, CUB)
    assert [(place.row.method, place.column.task) for place in made.places()] == [
        (method, task) for method in ("baseline", "cutmix", "alia") for task in ("waterbirds", "cub")
    ]
    assert [place.cell for place in made.places()] == [cell for cells in made.cells for cell in cells]
