from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from provbench.registry import UserError, Variant
from provbench.results.report import Report, write_site
from provbench.results.report.content import no_pictures
from provbench.results.tables import no_samples

from .conftest import HOSTILE, QUOTED, MakeReport
from .links import Page, dead_links


def contents(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


@pytest.fixture
def site(make_report: MakeReport, tmp_path: Path) -> Path:
    return write_site(make_report(), tmp_path / "site").index.parent


def test_the_pages_are_there(site: Path) -> None:
    files = set(contents(site))
    assert {"index.html", "runs.html", "compare.html", "searches/birds--cutmix.html", "tables/birds.tex"} <= files
    assert {f"runs/run{number}{seed}.html" for number in range(4) for seed in range(3)} <= files
    assert "figures/birds-convergence.svg" in files
    assert "pictures/run00/birds-b_285.png" in files


def test_every_link_of_every_page_leads_somewhere(site: Path) -> None:
    assert dead_links(site) == []


def test_nothing_is_outside_of_the_folder(site: Path) -> None:
    for path in site.rglob("*.html"):
        assert not [target for target in Page(path).targets if "://" in target or target.startswith("//")]
        assert "http-equiv" in path.read_text()


def test_ids_are_there_once(site: Path) -> None:
    for path in site.rglob("*.html"):
        assert not [name for name, count in Counter(Page(path).ids).items() if count > 1], path


def test_names_are_text_everywhere(site: Path) -> None:
    for path in site.rglob("*.html"):
        text = path.read_text()
        assert "<img src=x" not in text
        assert "<b>bold</b>" not in text
        assert "alert(2)</script>" not in text
        assert text.count("<script") == text.count("<script src=")
    for path in site.rglob("*.js"):
        assert HOSTILE not in path.read_text()
        assert "</script" not in path.read_text()
    assert HOSTILE.replace("<", "&lt;").replace(">", "&gt;") in (site / "index.html").read_text()


def test_control_characters_and_turns_of_direction_are_left_out(make_report: MakeReport, tmp_path: Path) -> None:
    site = write_site(make_report(description="one\u202etwo\x1b[31m\nthree"), tmp_path / "site")
    assert "onetwo[31m\nthree" in site.index.read_text()


def test_the_same_report_gives_the_same_bytes(make_report: MakeReport, tmp_path: Path) -> None:
    write_site(make_report(), tmp_path / "one")
    write_site(make_report(made="tomorrow"), tmp_path / "two")
    one, two = contents(tmp_path / "one"), contents(tmp_path / "two")
    assert [name for name in one if one[name] != two[name]] == ["index.html"]
    lines = zip(one["index.html"].splitlines(), two["index.html"].splitlines(), strict=True)
    assert [(a, b) for a, b in lines if a != b] == [
        (b'<p class="made">Made today.</p>', b'<p class="made">Made tomorrow.</p>')
    ]


def test_making_it_again_reads_no_predictions_and_writes_nothing(make_report: MakeReport, tmp_path: Path) -> None:
    first = make_report()
    assert write_site(first, tmp_path / "site").written > 0

    def refuse(key: str, split: str) -> None:
        raise AssertionError(f"the predictions of {key} were read again")

    again = write_site(replace(first, samples=refuse), tmp_path / "site")
    assert (again.written, again.removed) == (0, 0)


def test_what_changes_is_written_and_what_vanishes_is_removed(make_report: MakeReport, tmp_path: Path) -> None:
    report = make_report()
    write_site(report, tmp_path / "site")
    fewer = replace(report, cells=report.cells[:1], tables={}, figures={})
    site = write_site(fewer, tmp_path / "site")
    assert site.removed > 0
    assert {path.name for path in (tmp_path / "site" / "runs").iterdir()} == {f"run0{seed}.html" for seed in range(3)}
    assert not list((tmp_path / "site").rglob("birds.tex"))
    assert dead_links(tmp_path / "site") == []


def test_gaps_are_shown_as_gaps(site: Path) -> None:
    page = next(path for path in (site / "methods").iterdir() if "script-alert-2" in path.name).read_text()
    assert page.count('<span class="badge missing">missing</span>') == 6
    assert "Not run yet." in page
    failed = (site / "runs" / "run32.html").read_text()
    assert "RuntimeError: &lt;b&gt;no&lt;/b&gt; luck" in failed
    assert "Traceback (most recent call last):\n  &lt;i&gt;here&lt;/i&gt;" in failed
    assert "--retry-failed" in failed


def test_a_report_of_nothing_is_a_site(tmp_path: Path) -> None:
    site = write_site(Report("empty", note="The data are not ready."), tmp_path / "site")
    assert site.runs == 0
    assert "The data are not ready." in site.index.read_text()
    assert dead_links(tmp_path / "site") == []


def test_a_suite_before_its_first_run(make_report: MakeReport, tmp_path: Path) -> None:
    report = make_report()
    cells = [replace(cell, selections=[replace(cell.selections[0], runs={}, chosen={})]) for cell in report.cells]
    site = write_site(replace(report, cells=cells, tables={}, figures={}), tmp_path / "site")
    assert "0 of 15 done, 15 missing" in site.index.read_text()
    assert dead_links(tmp_path / "site") == []


def test_mini_is_said_in_capitals_on_every_page(site: Path) -> None:
    for path in site.rglob("*.html"):
        assert ">MINI</span>" in path.read_text(), path


def test_a_tasks_own_variant_is_named_on_every_page(make_report: MakeReport, tmp_path: Path) -> None:
    report = make_report()
    renamed = [replace(cell, variant=Variant("mini", banner="a <b>third</b>")) for cell in report.cells]
    tables = {name: replace(table, variant=renamed[0].variant) for name, table in report.tables.items()}
    site = write_site(report, tmp_path / "site").index.parent
    write_site(replace(report, cells=renamed, tables=tables), tmp_path / "site")
    for path in site.rglob("*.html"):
        assert 'title="A &lt;b&gt;third&lt;/b&gt;: these are not' in path.read_text(), path
        assert "Generated data: these" not in path.read_text(), path


def test_progress_goes_to_the_end(make_report: MakeReport, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    write_site(make_report(), tmp_path / "site", lambda done, total: seen.append((done, total)))
    assert seen[0] == (0, 12)
    assert seen[-1] == (12, 12)
    assert seen == sorted(seen)


def test_runs_of_the_search_have_pages_on_request(make_report: MakeReport, tmp_path: Path) -> None:
    report = make_report()
    trial = report.runs["run10"].model_copy(update={"key": "trial1", "phase": "search", "test": {}})
    write_site(replace(report, others=[trial], samples=lambda key, split: None), tmp_path / "site")
    page = (tmp_path / "site" / "runs" / "trial1.html").read_text()
    assert "a trial of a search" in page
    assert "runs/trial1.html" in (tmp_path / "site" / "searches" / "birds--cutmix.html").read_text()
    assert dead_links(tmp_path / "site") == []


def test_a_folder_of_something_else_is_refused(make_report: MakeReport, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(UserError, match="no report"):
        write_site(make_report(), tmp_path)


def test_quotes_in_names_end_no_attribute(site: Path) -> None:
    escaped = QUOTED.replace("<", "&lt;").replace(">", "&gt;").replace('"', "&#34;").replace("'", "&#39;")
    assert escaped in (site / "index.html").read_text()


def test_what_did_not_change_is_not_even_made_again(
    make_report: MakeReport, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    report, figures = make_report(), make_report().figures
    write_site(report, tmp_path / "site")
    before = {file: file.read_bytes() for file in (tmp_path / "site").rglob("*.*")}

    def refuse(*_: object, **__: object) -> bytes:
        raise AssertionError("drawn or rendered again")

    monkeypatch.setattr("provbench.results.report.illustrations.figure_bytes", refuse)
    monkeypatch.setattr("provbench.results.report.site.method_pages", refuse)
    monkeypatch.setattr("provbench.results.report.site.search_pages", refuse)
    monkeypatch.setattr("provbench.results.report.run_writer.run_page", refuse)
    site = write_site(replace(report, figures=figures), tmp_path / "site")
    assert (site.written, site.removed) == (0, 0)
    assert {file: file.read_bytes() for file in (tmp_path / "site").rglob("*.*")} == before
    with pytest.raises(AssertionError, match="again"):
        write_site(replace(report, options=[("--out", "elsewhere")]), tmp_path / "site")


def test_several_processes_write_the_same_bytes(
    make_report: MakeReport, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    report, again = (make_report(samples=no_samples, pictures=no_pictures) for _ in range(2))
    one = write_site(report, tmp_path / "one")
    monkeypatch.setattr("provbench.results.report.processes.LEAST", 1)
    monkeypatch.setattr("provbench.results.report.processes.os.cpu_count", lambda: 2)
    monkeypatch.setattr("provbench.results.report.run_writer.run_page", lambda *_: pytest.fail("made here"))
    two = write_site(again, tmp_path / "two", parallel=True)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
    assert one.written == two.written
