"""What a report knows of a suite."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from provbench.registry import MINI
from provbench.results.report import Report, write_site
from provbench.suites.driving.driver import Tally
from provbench.suites.driving.output import Output
from provbench.suites.planning.plan import Plan
from provbench.suites.showing.report_data import collect_report

from ..conftest import SEARCH, TOY

Collect = Callable[..., Report]


@pytest.fixture
def collect(output: Output, tmp_path: Path) -> Collect:
    def collect(plan: Plan, **options: object) -> Report:
        return collect_report(plan, output, tmp_path / "data", **options)  # pyright: ignore[reportArgumentType]

    return collect


def test_every_cell_has_its_runs_and_every_number_of_a_table_its_page(
    make: Callable[..., Plan], drive: Callable[..., Tally], collect: Collect
) -> None:
    plan = make()
    drive(plan)
    report = collect(plan, made="now", options=[("--out", "x")])
    assert [(cell.section, cell.method, cell.search) for cell in report.cells] == [
        ("toy", "baseline", None),
        ("toy", "cutmix+guidance", None),
    ]
    assert [sorted(cell.selections[0].runs) for cell in report.cells] == [[0, 1], [0, 1]]
    (table,) = report.tables.values()
    assert {key for row in table.cells for cell in row for key in cell.keys.values()} == set(report.runs)
    assert report.source == TOY
    assert (report.made, report.options, report.note, report.marked) == ("now", [("--out", "x")], "", [MINI])
    assert report.program.startswith("provbench ")
    assert {"toy-convergence", "toy-cost"} <= set(report.figures)


def test_predictions_and_pictures_are_read_by_key(
    make: Callable[..., Plan], drive: Callable[..., Tally], collect: Collect, output: Output
) -> None:
    plan = make()
    drive(plan)
    report = collect(plan)
    key = next(iter(report.runs))
    samples = report.samples(key, "test")
    assert samples is not None
    assert len(samples["id"]) == 40
    assert report.samples(key, "train") is None
    assert list(report.pictures(key)) == []
    folder = output.pictures(key)
    folder.mkdir(parents=True)
    for name in ("a.png", ".b.png.tmp", "c.txt"):
        (folder / name).write_bytes(b"")
    assert [file.name for file in report.pictures(key)] == ["a.png"]


@pytest.mark.slow
def test_a_search_brings_its_trials_as_lines_and_their_runs_on_request(
    make: Callable[..., Plan], drive: Callable[..., Tally], collect: Collect, output: Output
) -> None:
    plan = make(TOY + SEARCH)
    drive(plan)
    report = collect(plan)
    search = report.cells[1].search
    assert search is not None
    assert search.metric == "accuracy"
    assert search.space == {"lr": "0.001 … 1, logarithmic", "gradient-guidance.alpha": "0.01 … 1, logarithmic"}
    assert [trial.number for trial in search.trials] == [0, 1, 2, 3]
    for trial in search.trials:
        assert trial.key is not None
        record = output.store.get(trial.key)
        assert record is not None
        assert (trial.value, trial.seconds) == (record.val["accuracy"], record.seconds)
    assert search.count("finished") == search.budget == 4
    chosen = report.cells[1].selections[0].chosen
    assert dict(chosen) in [dict(trial.parameters) for trial in search.trials]
    assert report.others == ()
    with_all = collect(plan, every_run=True)
    trials = {trial.key for cell in with_all.cells if cell.search for trial in cell.search.trials}
    assert trials == {record.key for record in with_all.others}
    assert set(with_all.runs) == set(report.runs) | trials


@pytest.mark.slow
def test_every_protocol_has_its_own_selection(
    make: Callable[..., Plan], drive: Callable[..., Tally], collect: Collect
) -> None:
    text = (TOY + SEARCH).replace("{variant: mini,", "{variant: mini, selection: [val, oracle],")
    plan = make(text)
    drive(plan)
    report = collect(plan)
    assert [selection.protocol for selection in report.cells[0].selections] == ["val", "oracle"]
    assert [selection.metric for selection in report.cells[0].selections] == ["accuracy", "confidence"]
    assert all(len(selection.runs) == 2 for cell in report.cells for selection in cell.selections)
    probes = {record.phase for record in collect(plan, every_run=True).others}
    assert probes == {"search", "final"}


def test_before_the_first_run_everything_is_a_gap(make: Callable[..., Plan], collect: Collect, tmp_path: Path) -> None:
    report = collect(make(TOY + SEARCH))
    assert report.runs == {}
    assert [cell.search.budget if cell.search else 0 for cell in report.cells] == [4, 4]
    assert [[selection.protocol for selection in cell.selections] for cell in report.cells] == [["val"], ["val"]]
    site = write_site(report, tmp_path / "site")
    assert "0 of 4 done, 4 missing" in site.index.read_text()


def test_where_data_are_missing_the_report_says_so(make: Callable[..., Plan], collect: Collect) -> None:
    mini = "name: t\ntasks: {waterbirds: {variant: mini}}\nmethods: {baseline: {}}\nsearch: {trials: 3}\n"
    report = collect(make(mini))
    assert "provbench data prepare waterbirds:mini" in report.note
    assert report.runs == {}
    (cell,) = report.cells
    assert cell.search is not None
    assert cell.search.trials == []


def test_a_failed_run_is_there_with_its_reason(
    make: Callable[..., Plan], drive: Callable[..., Tally], collect: Collect, tmp_path: Path
) -> None:
    plan = make(TOY + "  refusing: {augmentation: refuse}\n")
    drive(plan)
    report = collect(plan)
    failed = [run for run in report.runs.values() if run.status == "failed"]
    assert len(failed) == 2
    site = write_site(report, tmp_path / "site")
    assert "2 failed" in site.index.read_text()
