"""Results tables on the terminal."""

from __future__ import annotations

import pytest

from provbench.results import Column, Field, PublishedNumber, RowRuns, RunRecord, Table, TableRow, build_table
from provbench.tools.terminal import show

COLUMNS = [
    Column("birds", f"metric {number}", group="first" if number < 3 else "second one", label=f"metric {number} [%]")
    for number in range(1, 6)
]
SCORES = {"baseline": 60.0, "[red]guided[/red]": 65.25, "a method with a long name": 61.0}


@pytest.fixture(scope="module")
def table() -> Table:
    metrics = [column.metric for column in COLUMNS]
    rows = []
    for place, (method, score) in enumerate(SCORES.items()):
        runs = [
            RunRecord(
                key=f"run-{place}-{seed}",
                suite="s",
                task="birds",
                variant="full",
                method="m",
                phase="final",
                seed=seed,
                parameters={"model": "net"},
                status="done",
                test={metric: score + seed + number for number, metric in enumerate(metrics)},
            )
            for seed in range(3)
        ]
        group = "a group of rows with a heading that is too long" if place < 2 else ""
        rows.append(TableRow(method, [RowRuns(runs, range(3))] * 5, group=group))
    number = PublishedNumber(
        publication="p",
        task="birds",
        method="baseline",
        model="net",
        metric="metric 2",
        value=91.0,
        spread=0.2,
        spread_kind="rounding",
        source="secondary",
        inferred=True,
        where="table 1 " * 20,
        note="so it is said",
    )
    return build_table(rows, COLUMNS, variant="full", published=[number], baseline="baseline", title="The title")


def screen(table: Table, width: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    monkeypatch.setattr(show, "WIDTH", width)
    show.print_table(table)
    return capsys.readouterr().out


@pytest.mark.parametrize("width", [60, 80, 100, 160, 300])
def test_nothing_is_cut_and_numbers_stay_on_one_line(
    table: Table, width: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = screen(table, width, monkeypatch, capsys).splitlines()
    assert max(map(len, lines)) <= width
    assert "…" not in "".join(lines)
    for row, fields in zip(table.rows, table.body(), strict=True):
        own = [line for line in lines if width < 100 or line.strip().startswith(f"{row.title} ")]
        for field in fields[1:]:
            number = field.text.partition(" ± ")[0] if field.kind == "published" else field.text
            assert any(number in line for line in own), field


def test_a_narrow_screen_gets_the_table_in_parts(
    table: Table, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for width, parts in ((300, 1), (90, 4)):
        text = screen(table, width, monkeypatch, capsys)
        assert text.count("a method with a long name ") == parts
        assert text.count("The title") == 1
        assert text.count("so it is said") == 1


def test_headings_over_rows_and_columns(
    table: Table, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = screen(table, 300, monkeypatch, capsys).splitlines()
    (first,) = [line for line in lines if "first" in line]
    (second,) = [line for line in lines if "[%]" in line]
    assert (first.count("first"), first.count("second one")) == (2, 3)
    assert second.count("metric") == 5
    heading = next(place for place, line in enumerate(lines) if line.startswith("  a group of rows"))
    assert "too long" in lines[heading + 1]
    assert lines[heading + 2].startswith("    baseline ")
    assert "(secondary, inferred)" in lines[heading + 3]
    assert lines[heading + 4].startswith("    [red]guided[/red] ")
    assert any(line.startswith("  a method with a long name ") for line in lines)


def test_notes_are_indented(table: Table, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    lines = screen(table, 80, monkeypatch, capsys).splitlines()
    first = next(place for place, line in enumerate(lines) if line.startswith("  · "))
    assert all(line.startswith("  ") for line in lines[first:] if line)
    assert len([line for line in lines if line.startswith("  · ")]) == len(table.notes)


def test_fields_of_any_kind_come_first(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    made = build_table([TableRow("m", [RowRuns(), RowRuns()])], COLUMNS[:2], variant="full", show=("p",))
    assert isinstance(made.header()[1], Field)
    text = screen(made, 80, monkeypatch, capsys)
    assert "metric 1" in text
    assert "metric 2" in text
