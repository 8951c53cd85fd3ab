from __future__ import annotations

import re

from provbench.results import Column, RowRuns, Table, TableRow, build_table, render
from provbench.results.report.tables import row_links, table_files, table_page

from .conftest import METHODS, MakeReport


def page_of(make_report: MakeReport):
    report = make_report()
    table = report.tables["birds"]
    return table_page("birds", table, row_links("birds", table))


def test_every_field_leads_to_its_number_on_the_page_of_its_row(make_report: MakeReport) -> None:
    page = page_of(make_report)
    (_, (baseline,)), (_, others) = page.groups
    assert baseline.href == "methods/birds--baseline.html"
    assert [shown.href.partition("#")[2] for shown in baseline.fields] == [
        "column-1",
        "column-1",
        "column-2",
        "column-2",
    ]
    assert len({line.href for line in others}) == len(METHODS) - 1


def test_a_field_is_sorted_by_its_number_and_gaps_have_none(make_report: MakeReport) -> None:
    page = page_of(make_report)
    cutmix, _, _, gap = page.groups[1][1]
    assert cutmix.fields[0].sort == (70 + 71.1 + 72) / 3
    assert [shown.sort for shown in gap.fields] == [None] * 4


def test_better_than_the_baseline_is_marked_on_the_value_and_its_p(make_report: MakeReport) -> None:
    cutmix = page_of(make_report).groups[1][1][0]
    assert [shown.better for shown in cutmix.fields] == [True, True, None, None]


def test_headings_know_the_fields_below_them(make_report: MakeReport) -> None:
    page = page_of(make_report)
    assert page.spans == [("", [0]), ("more is better", [1, 2]), ("", [3, 4])]
    assert page.picks == [(0, "more is better accuracy [%]"), (1, "loss")]
    assert page.kinds == [("p", "p")]


def test_the_numbers_behind_other_kinds_of_fields(make_report: MakeReport) -> None:
    cell = make_report().tables["birds"].cells[1][0]
    assert cell.summary is not None
    interval = cell.summary.interval()
    assert interval is not None
    assert cell.sort_value("interval") == interval.low
    assert cell.sort_value("p") == cell.p_value
    assert cell.sort_value("deviation") is None


def two_rows(*rows: TableRow) -> Table:
    return build_table(list(rows), [Column("t", "m")], variant="full")


def test_a_method_with_several_rows_has_a_page_for_each() -> None:
    entries = [RowRuns()]
    table = two_rows(
        TableRow("a", entries, group="x"), TableRow("a", entries, group="y"), TableRow("a", entries, group="y")
    )
    links = row_links("t", table)
    assert links[:2] == ["methods/t--a--x.html", "methods/t--a--y.html"]
    assert len(set(links)) == 3


def test_names_of_pages_are_safe(make_report: MakeReport) -> None:
    for href in row_links("../x", make_report().tables["birds"]):
        assert re.fullmatch(r"methods/[a-z0-9][a-z0-9+._-]*\.html", href)


def test_downloads_are_the_table_as_it_is_rendered_elsewhere(make_report: MakeReport) -> None:
    page = page_of(make_report)
    files = dict(table_files(page))
    assert files["tables/birds.md"] == render(page.table, "markdown")
    assert set(files) == {f"tables/birds.{ending}" for ending in ("csv", "json", "md", "tex")}
