from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from provbench.results.report.comparison import index_script, mcnemar_script, sections
from provbench.results.report.content import Report
from provbench.results.report.links import Links
from provbench.results.statistics import mcnemar_test
from provbench.results.store import Choice

from .conftest import HOSTILE, MakeReport, sample_columns


def parsed(script: str):
    return json.loads(json.loads(script.partition("JSON.parse(")[2].removesuffix("));\n")))


def compared(report: Report):
    return sections(report, lambda key: report.samples(key, "test") is not None)


def test_methods_with_predictions_can_be_compared_with_their_seeds(make_report: MakeReport) -> None:
    report = make_report()
    (section,) = compared(report)
    assert [entry.label for entry in section.entries][:3] == ["baseline", "CutMix", HOSTILE]
    assert [sorted(entry.runs) for entry in section.entries] == [[0, 1, 2]] * 3 + [[0, 1]]
    (shown,) = parsed(index_script([section], Links(report)))
    assert shown["entries"][1]["runs"][2] == {"seed": 2, "key": "run12", "page": "runs/run12.html"}


def test_two_sections_of_one_task_are_told_apart(make_report: MakeReport) -> None:
    report = make_report()
    again = [replace(cell, section="birds again") for cell in report.cells]
    assert [section.title for section in compared(report)] == ["Birds"]
    titles = [section.title for section in compared(replace(report, cells=[*report.cells, *again]))]
    assert titles == ["Birds (birds)", "Birds (birds again)"]


def test_one_method_alone_is_no_comparison(make_report: MakeReport) -> None:
    report = make_report()
    assert compared(replace(report, cells=report.cells[:1])) == []


def test_every_two_runs_of_a_seed_are_tested_as_mcnemar_does(make_report: MakeReport) -> None:
    report = make_report()
    (section,) = compared(report)
    data = parsed(mcnemar_script(section, report))
    tests = {(one, other): (a, b, p) for one, other, column, a, b, p in data["tests"] if column == "correct"}
    assert len(tests) == 6 + 6 + 3
    for (one, other), (a, b, p) in tests.items():
        left, right = report.samples(one, "test"), report.samples(other, "test")
        assert left is not None
        assert right is not None
        expected = mcnemar_test(left["correct"], right["correct"])
        assert (a, b) == (expected.only_ours, expected.only_theirs)
        assert p == pytest.approx(expected.p_value, rel=1e-5)


def test_runs_on_other_samples_are_not_tested(make_report: MakeReport) -> None:
    report = make_report()

    def samples(key: str, split: str) -> dict[str, np.ndarray]:
        return sample_columns([True, False], prefix="other/" if key.startswith("run1") else "birds/")

    other = replace(report, samples=samples)
    (section,) = compared(other)
    tested = {test[0][:4] + test[1][:4] for test in parsed(mcnemar_script(section, other))["tests"]}
    assert tested == {"run0run2", "run0run3", "run2run3"}


def test_protocols_that_chose_other_runs_are_methods_of_their_own(make_report: MakeReport) -> None:
    report = make_report()
    baseline, cutmix = report.cells[:2]
    same = Choice("worst-group", "worst", runs=baseline.selections[0].runs)
    others = Choice("oracle", "accuracy", runs=cutmix.selections[0].runs)
    cell = replace(baseline, selections=[*baseline.selections, same, others])
    (section,) = compared(replace(report, cells=[cell, cutmix]))
    assert [(entry.name, entry.label) for entry in section.entries] == [
        ("baseline/val", "baseline"),
        ("baseline/oracle", "baseline (oracle)"),
        ("cutmix/val", "CutMix"),
    ]
