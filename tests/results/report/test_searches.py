from __future__ import annotations

from dataclasses import replace

from provbench.results.report.content import Report, Search, Trial
from provbench.results.report.links import Links
from provbench.results.report.searches import SearchPage, search_pages
from provbench.results.store import Choice

from .conftest import MakeReport


def only_page(report: Report) -> SearchPage:
    (page,) = search_pages(report, Links(report))
    return page


def test_every_trial_is_listed_and_the_chosen_one_is_marked(make_report: MakeReport) -> None:
    page = only_page(make_report())
    assert page.href == "searches/birds--cutmix.html"
    assert [line.trial.state for line in page.lines] == ["finished", "finished", "pruned", "under way"]
    assert [list(line.chosen_by) for line in page.lines] == [[], ["val"], [], []]
    assert [list(line.parameters) for line in page.lines] == [["0.01"], ["0.02"], ["0.3"], ["0.05"]]
    assert page.method == "methods/birds--cutmix.html#column-1"


def test_trials_lead_to_their_runs_where_these_have_pages(make_report: MakeReport) -> None:
    report = make_report()
    assert {line.href for line in only_page(report).lines} == {None}
    trial = report.runs["run10"].model_copy(update={"key": "trial1"})
    hrefs = [line.href for line in only_page(replace(report, others=[trial])).lines]
    assert hrefs == [None, "runs/trial1.html", None, None]


def test_of_equal_trials_the_first_is_the_chosen_one(make_report: MakeReport) -> None:
    report = make_report()
    cell = report.cells[1]
    assert cell.search is not None
    twice = replace(cell.search, trials=[*cell.search.trials, Trial(4, "finished", 66.5, {"lr": 0.02})])
    page = only_page(replace(report, cells=[replace(cell, search=twice)]))
    assert [bool(line.chosen_by) for line in page.lines] == [False, True, False, False, False]


def test_the_best_so_far_never_falls(make_report: MakeReport) -> None:
    report = make_report()
    values = [60.0, 64.0, 62.0, None, 70.0]
    states = ["pruned" if value is None else "finished" for value in values]
    trials = [
        Trial(i, state, value, {"lr": 10.0**-i, "name": "x"})
        for i, (state, value) in enumerate(zip(states, values, strict=True))
    ]
    cell = replace(report.cells[1], search=Search("accuracy", 5, trials, {}), selections=[Choice("val", "accuracy")])
    history, by_lr = only_page(replace(report, cells=[cell])).charts  # and none by a name
    assert list(history.series[1].points) == [(0, 60), (1, 64), (2, 64), (4, 70)]
    assert by_lr.log_x
    assert len(by_lr.series[0].points) == 4
