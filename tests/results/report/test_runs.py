from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from provbench.results.report import signatures
from provbench.results.report.content import Report
from provbench.results.report.galleries import sheets
from provbench.results.report.links import Links
from provbench.results.report.runs import RunPage, run_files, run_page, run_pictures, run_samples, run_signature

from .conftest import MakeReport


def page_of(report: Report, key: str) -> RunPage:
    return run_page(report, Links(report), key, run_samples(report, key), run_pictures(report, key))


def test_a_run_knows_where_it_counts_and_its_other_seeds(make_report: MakeReport) -> None:
    page = page_of(make_report(), "run11")
    assert [(place.table, place.method) for place in page.appearances] == [("Birds & <i>bees</i>", "CutMix")]
    assert page.appearances[0].href == "methods/birds--cutmix.html#column-1"
    assert [(one.seed, one.href) for one in page.neighbours] == [
        (0, "runs/run10.html"),
        (1, None),
        (2, "runs/run12.html"),
    ]
    assert page.protocols == ["val"]


def test_metrics_of_both_splits_and_the_curve(make_report: MakeReport) -> None:
    page = page_of(make_report(), "run11")
    assert page.metrics == [("accuracy", 70.1, 71.1), ("loss", None, 0.6)]
    assert list(page.curve_header) == ["epoch", "loss", "accuracy"]
    assert page.curve[1] == ["2", "0.5", "70.1"]


def test_the_identity_is_flat(make_report: MakeReport) -> None:
    assert ("task.params.lr", "0.01") in page_of(make_report(), "run00").identity


def test_commands_are_quoted_and_only_training_needs_plugins(make_report: MakeReport) -> None:
    options = [("--out", "runs of mine"), ("--data", "d"), ("--plugin", "p.py"), ("--plugin", "q.py")]
    assert page_of(make_report(options=options), "run00").commands == [
        "provbench replay run00 --out 'runs of mine' --data d --plugin p.py --plugin q.py",
        "provbench show run00 --out 'runs of mine'",
        "provbench why run00 --out 'runs of mine'",
    ]


def test_the_files_beside_the_page(make_report: MakeReport) -> None:
    report = make_report()
    pictures = run_pictures(report, "run00")
    files = dict(run_files(report, page_of(report, "run00"), run_samples(report, "run00"), pictures))
    assert set(files) == {"pictures/run00/birds-b_285.png", "data/run00.test.csv", "data/run00.js"}
    assert "pictures/run00/birds-b_285.png" in str(files["data/run00.js"])
    assert dict(run_files(report, page_of(report, "run32"), run_samples(report, "run32"), {})) == {}


def test_what_a_run_was_trained_on_is_no_picture_of_a_sample(make_report: MakeReport, tmp_path: Path) -> None:
    file = tmp_path / "provenance-cutmix.png"
    Image.new("RGB", (8, 8)).save(file)
    report = make_report(pictures=lambda key: [file] if key.startswith("run1") else [])
    page = page_of(report, "run10")
    assert (page.pictures, page.sheets) == ([], [("provenance-cutmix", "pictures/run10/provenance-cutmix.png")])
    (sheet,) = sheets(report)
    assert (sheet.method, sheet.maker, sheet.href) == (report.cells[1].label, "cutmix", "runs/run10.html")
    assert sheets(make_report()) == []


def test_the_signature_changes_with_whatever_the_page_shows(
    make_report: MakeReport, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = make_report()

    def sign(one: Report, key: str = "run00", program: str = "1") -> str:
        monkeypatch.setattr(signatures, "program_digest", lambda: program)
        return run_signature(one, Links(one), key, run_pictures(one, key))

    first = sign(report)
    assert sign(make_report()) == first
    renamed = replace(report, cells=[replace(report.cells[0], label="Plain"), *report.cells[1:]])
    others = [
        sign(report, "run01"),
        sign(report, program="2"),
        sign(replace(report, tables={})),
        sign(renamed),
        sign(make_report(pictures=lambda key: [])),
        sign(make_report(options=[])),
        sign(replace(report, cells=[replace(report.cells[0], classes=("owl",)), *report.cells[1:]])),
    ]
    assert len({first, *others}) == len(others) + 1
