from __future__ import annotations

from dataclasses import replace
from urllib.parse import parse_qs

from provbench.results import Table, TableRow, build_table
from provbench.results.report.comparison import sections
from provbench.results.report.content import Report
from provbench.results.report.links import Links
from provbench.results.report.methods import MethodPage, method_pages

from .conftest import CLIMBING, HOSTILE, METHODS, QUOTED, MakeReport


def pages(report: Report) -> dict[str, MethodPage]:
    compared = sections(report, lambda key: report.samples(key, "test") is not None)
    return {page.row.method: page for page in method_pages(report, Links(report), compared)}


def test_each_number_leads_to_the_run_of_each_seed(make_report: MakeReport) -> None:
    page = pages(make_report())["cutmix"]
    accuracy, loss = page.numbers
    assert [(value.seed, value.value, value.href) for value in accuracy.values] == [
        (0, 70.0, "runs/run10.html"),
        (1, 71.1, "runs/run11.html"),
        (2, 72.0, "runs/run12.html"),
    ]
    assert (accuracy.better, loss.better) == (True, None)
    assert page.baseline == "baseline"


def test_a_gap_says_what_it_is(make_report: MakeReport) -> None:
    found = pages(make_report())
    states = [(value.state, value.value, value.href) for value in found[CLIMBING].numbers[0].values]
    assert states[2] == ("failed", None, "runs/run32.html")
    assert {(value.state, value.href) for value in found[QUOTED].numbers[0].values} == {("missing", None)}


def test_parameters_that_differ_with_this_method_first(make_report: MakeReport) -> None:
    (runs,) = pages(make_report())[HOSTILE].runs
    assert list(runs.differences.methods) == [HOSTILE, "baseline", "CutMix", CLIMBING]
    assert list(runs.differences.lines) == [("lr", ["0.03", "0.01", "0.02", "0.04"])]


def test_the_runs_of_a_task_are_there_once_with_their_curves_over_one_another(make_report: MakeReport) -> None:
    (runs,) = pages(make_report())["cutmix"].runs
    assert [run.key for run in runs.runs] == ["run10", "run11", "run12"]
    assert [chart.title for chart in runs.charts] == ["accuracy", "loss"]
    assert [series.name for series in runs.charts[0].series] == ["seed 0", "seed 1", "seed 2"]
    assert runs.cell is not None
    assert runs.cell.search is not None
    assert runs.selection is not None
    assert runs.selection.chosen == {"lr": 0.02}


def test_the_comparison_with_the_baseline(make_report: MakeReport) -> None:
    found = pages(make_report())
    link = found["cutmix"].runs[0].compare
    assert link is not None
    path, _, fragment = link.partition("#")
    assert path == "compare.html"
    assert parse_qs(fragment) == {
        "section": ["birds"],
        "a": ["cutmix/val"],
        "b": ["baseline/val"],
        "column": ["accuracy"],
    }
    assert parse_qs(str(found[HOSTILE].runs[0].compare).partition("#")[2])["a"] == [f"{HOSTILE}/val"]
    assert found["baseline"].runs[0].compare is None
    assert found[QUOTED].runs[0].compare is None


def test_without_predictions_there_is_nothing_to_compare(make_report: MakeReport) -> None:
    found = pages(make_report(samples=lambda key, split: None))
    assert found["cutmix"].runs[0].compare is None


def test_a_mean_of_columns_names_its_parts(make_report: MakeReport) -> None:
    report = make_report()
    table = report.tables["birds"]
    columns = [*table.columns[:1], replace(table.columns[0], label="mean", group="", mean_of=(0,))]
    rows = [TableRow(row.method, [row.entries[0]] * 2) for row in table.rows]
    mean: Table = build_table(rows, columns, variant="mini")
    number = pages(replace(report, tables={"t": mean}))["cutmix"].numbers[1]
    assert number.parts == [("more is better accuracy [%]", "column-1")]
    assert [value.href for value in number.values] == [None] * 3


def test_a_published_row_has_no_runs() -> None:
    table = build_table([TableRow("theirs", [], label="")], [], variant="full")
    assert pages(Report("s", tables={"t": table}))["theirs"].runs == []


def test_every_row_has_a_page(make_report: MakeReport) -> None:
    assert list(pages(make_report())) == list(METHODS)
