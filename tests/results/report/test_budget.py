from __future__ import annotations

from dataclasses import replace

from provbench.results.report.budget import budget
from provbench.results.report.content import Report, Search
from provbench.results.report.links import Links

from .conftest import CLIMBING, METHODS, QUOTED, MakeReport


def test_every_method_has_a_line_that_says_what_is_missing(make_report: MakeReport) -> None:
    report = make_report()
    found = budget(report, Links(report))
    by_method = {line.cell.method: line for line in found.lines}
    assert list(by_method) == list(METHODS)
    assert (by_method[CLIMBING].done, by_method[CLIMBING].failed, by_method[CLIMBING].missing) == (2, [2], [])
    assert (by_method[QUOTED].done, by_method[QUOTED].missing) == (0, [0, 1, 2])
    assert (by_method["cutmix"].dirty, by_method["cutmix"].search) == (3, "searches/birds--cutmix.html")
    assert by_method[QUOTED].method == Links(report).rows["birds"][METHODS.index(QUOTED)]


def test_sums(make_report: MakeReport) -> None:
    report = make_report()
    found = budget(report, Links(report))
    assert (found.expected, found.done, found.failed, found.missing) == (15, 11, 1, 3)
    assert (found.runs, found.dirty, found.commits) == (12, 3, ["0123456789"])
    assert found.seconds == 12 * 12.5
    assert found.search_seconds == 7.5


def test_unequal_budgets_are_named(make_report: MakeReport) -> None:
    report = make_report()
    assert budget(report, Links(report)).unequal == []
    other = replace(report.cells[0], search=Search("accuracy", 2, [], {}))
    unequal = replace(report, cells=[other, *report.cells[1:]])
    assert budget(unequal, Links(unequal)).unequal == ["birds"]


def test_of_nothing() -> None:
    report = Report("empty")
    found = budget(report, Links(report))
    assert (found.lines, found.expected, found.missing, found.commits) == ([], 0, 0, [])
