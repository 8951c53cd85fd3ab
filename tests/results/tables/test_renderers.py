from __future__ import annotations

import csv
import html.parser
import io
import json
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from provbench.registry import UnknownNameError
from provbench.results import (
    RENDERERS,
    Column,
    Counts,
    RowRuns,
    Table,
    TableRow,
    build_table,
    render,
    render_all,
    to_csv,
    to_html,
    to_json,
    to_latex,
    to_markdown,
)

from ..tabular import ACCURACY, entry, published, record, row, table as make_table

GOLDEN = Path(__file__).parent / "golden"
SUFFIXES = {"markdown": "md", "latex": "tex", "html": "html", "csv": "csv", "json": "json"}

COLUMNS = (
    Column("waterbirds", "accuracy", group="Waterbirds", label="accuracy [%]", selection_metric="accuracy"),
    Column(
        "waterbirds",
        "accuracy",
        "points",
        group="Waterbirds",
        label="gain [points]",
        over="baseline",
        selection_metric="accuracy",
    ),
    Column("cub", "accuracy", group="CUB", label="accuracy [%]", selection="oracle", decimals=2),
    Column("both", "accuracy", label="mean [%]", mean_of=(0, 2)),
    Column("waterbirds", "time per epoch", label="time [s/epoch]", decimals=0, selection_metric="accuracy"),
)
NUMBERS = (
    published("cutmix", 64.2, spread=0.5, spread_kind="std", n=3, note="as printed", where="table 3"),
    published("cutmix", 64.5, source="secondary", where="a blog"),
    published("cutmix", 3.1, over="baseline", source="seed", where="seed"),
    published("baseline", 91.4, model="sat", where="table 3"),
    published("cutmix", 71.0, task="cub", inferred=True, note="a half of 142", where="table 4"),
    published("cutmix", 67.1, task="both", where="table 4"),
)


def golden_row(method: str, birds: tuple[float, ...], cub: dict[int, float], trials: int, **fields: object) -> TableRow:
    """Epochs get shorter with the seed; the last bird of `alia` failed."""
    runs = [
        record(
            f"{method}-{seed}",
            method=method,
            seed=seed,
            test={"accuracy": score},
            seconds=60.0 - 6 * seed,
            curve=[{"epoch": 1}, {"epoch": 2}],
            dirty=method == "alia",
        )
        for seed, score in enumerate(birds)
    ]
    if method == "alia":
        runs.append(
            record("alia-2", method="alia", seed=2, status="failed", reason="ValueError: no <b>edits</b>", test={})
        )
    of_birds = RowRuns(runs, (0, 1, 2), search=Counts(trials - 1, 1, 0), search_seconds=7200.0)
    return row(method, of_birds, of_birds, entry(f"{method}-cub", cub, task="cub"), RowRuns(), of_birds, **fields)


@pytest.fixture(scope="module")
def table() -> Table:
    """Everything in it: groups of rows and columns, a gain, a mean, a cost, gaps, an oracle, a search, and more."""
    group = {"group": "ResNet-50 & friends"}
    rows = [
        golden_row("baseline", (60.0, 62.0, 64.0), {0: 70.0, 1: 71.0, 2: 72.5}, 10, **group),
        golden_row("cutmix", (63.0, 65.5, 66.5), {0: 71.0, 1: 72.0}, 10, label="CutMix_50% & |more|", **group),
        golden_row("alia", (61.0, 65.0), {}, 5, label="<b>ALIA</b>", over="cutmix", **group),
        row("baseline", *[RowRuns(model="sat")] * 5, label="SAT", group="published"),
    ]
    return build_table(
        rows,
        COLUMNS,
        variant="full",
        published=NUMBERS,
        baseline="baseline",
        title="Waterbirds #1",
        label="tab:birds",
        show=("value", "interval", "published", "deviation", "p", "effect"),
    )


@pytest.mark.parametrize("form", RENDERERS)
def test_golden(table: Table, form: str) -> None:
    def rounded(text: str) -> str:
        return re.sub(r"\d+\.\d{10,}", lambda found: f"{float(found[0]):.9f}", text)  # whatever scipy's last digits are

    expected = (GOLDEN / f"waterbirds.{SUFFIXES[form]}").read_text(encoding="utf-8")
    assert rounded(render(table, form)) == rounded(expected)


def test_a_form_that_is_not_there(table: Table) -> None:
    with pytest.raises(UnknownNameError, match="unknown table format 'latx': did you mean 'latex'"):
        render(table, "latx")


HOSTILE = [
    "a|b",
    "a\\",
    "a\nb",
    "a\rb",
    "**bold**",
    "`code`",
    "<script>alert(1)</script>",
    '" onmouseover="alert(1)',
    "[a](javascript:b)",
    "x_y_z",
    "# head",
    "=1+1",
    "\\input{/etc/passwd}",
    "100 % & ^ ~ $1 {#2}",
    "Δ ± α 中 😀 é",
]


def named(name: str) -> Table:
    """A table with a name wherever a table has one."""
    column = Column(name, "m", label=name, group=name)
    made = row(name, RowRuns(model="n"), label=name, group=name)
    number = published(name.strip() or "x", 1.5, task=name, model="n", metric="m", where=name, note=name)
    return build_table([made], [column], variant="full", published=[number], title=name, label=name)


class Reader(html.parser.HTMLParser):
    """Rows of texts; every element must be a known one, and closed."""

    KNOWN = frozenset(["figure", "figcaption", "table", "thead", "tbody", "tr", "th", "td", "strong", "ul", "li"])

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.rows: list[list[str]] = []
        self.runs: list[str | None] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in self.KNOWN
        assert {name for name, _ in attrs} <= {"class", "scope", "colspan", "data-sort", "data-runs"}
        self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1] += [""] * int(dict(attrs).get("colspan") or 1)
        if tag == "td":
            self.runs.append(dict(attrs).get("data-runs"))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if {"td", "th"} & set(self.open):
            self.rows[-1][-1] += data


class TestMarkdown:
    @pytest.mark.parametrize("name", HOSTILE)
    def test_a_name_stays_in_its_field(self, name: str) -> None:
        shown = MarkdownIt("commonmark").enable("table").render(to_markdown(named(name)))
        tags = set(re.findall(r"</?(\w+)", shown))
        assert tags == {"h3", "table", "thead", "tbody", "tr", "th", "td", "em", "ul", "li"}
        assert [shown.count(tag) for tag in ("<th", "<td")] == [1 + 3, 2 * 3]

    def test_groups_have_a_line_of_their_own(self, table: Table) -> None:
        lines = to_markdown(table).splitlines()
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in lines if line.startswith("|")}) == 1
        assert sum(line.startswith("| *") for line in lines) == 2


class TestLatex:
    @pytest.mark.parametrize("name", ["[2pt]", "*"])
    def test_a_line_break_takes_no_name_for_its_argument(self, name: str) -> None:
        made = make_table([row(name), row(name)], title="")
        assert to_latex(made).count("\n{}" + name + " & -- \\\\") == 2

    def test_braces_are_balanced(self, table: Table) -> None:
        text = re.sub(r"\\[{}]", "", to_latex(table))
        assert text.count("{") == text.count("}")

    def test_every_line_has_all_its_fields(self, table: Table) -> None:
        rows = [line for line in to_latex(table).splitlines() if line.endswith(r"\\") and r"\textit" not in line]
        fields = [re.sub(r"\\multicolumn\{(\d+)\}.*", lambda found: "& " * (int(found[1]) - 1), line) for line in rows]
        counts = {len(re.findall(r"(?<!\\)&", line)) for line in fields[1:]}
        assert counts == {len(table.header()) - 1}

    def test_only_a_wide_table_is_scaled(self, table: Table) -> None:
        assert r"\resizebox" in to_latex(table)
        assert r"\resizebox" not in to_latex(make_table([row("cutmix", (1.0,))]))

    def test_pdflatex_takes_it(self, table: Table, tmp_path: Path) -> None:
        if shutil.which("pdflatex") is None:
            pytest.skip("pdflatex is not installed")
        tables = [table, make_table([row("cutmix")], title=""), *map(named, HOSTILE)]
        body = "\n".join(map(to_latex, tables)).replace(r"\begin{table}", r"\begin{table}[p]")
        preamble = r"\documentclass{article}\usepackage{booktabs,graphicx}\begin{document}"
        text = f"{preamble}\n{body}\n" + r"\clearpage\end{document}"
        (tmp_path / "tables.tex").write_text(text, encoding="utf-8")
        command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", "tables.tex"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, errors="replace", check=False)
        assert done.returncode == 0, done.stdout[-2000:]
        assert (tmp_path / "tables.pdf").stat().st_size > 0
        assert "root:" not in done.stdout


class TestHtml:
    @pytest.mark.parametrize("name", HOSTILE)
    def test_a_name_stays_in_its_field(self, name: str) -> None:
        line = re.sub(r"[\n\r]", " ", name)
        rows = Reader(to_html(named(name))).rows
        assert rows == [["", "", line], ["method", line, "published"], ["", "", line], [line, "", "1.5 (paper)"]]

    def test_all_rows_are_as_wide_as_the_header(self, table: Table) -> None:
        reader = Reader(to_html(table))
        assert {len(fields) for fields in reader.rows} == {len(table.header())}
        assert [fields[0] for fields in reader.rows[3:6]] == [one.title for one in table.rows[:3]]

    def test_a_number_leads_to_its_runs(self, table: Table) -> None:
        assert "cutmix-0 cutmix-1 cutmix-2" in Reader(to_html(table)).runs

    def test_without_title_and_notes_nothing_is_empty(self, table: Table) -> None:
        text = to_html(replace(table, title="", notes=()))
        assert "figcaption" not in text
        assert "<ul" not in text


class TestCsv:
    def test_a_script_can_read_it(self, table: Table) -> None:
        lines = list(csv.DictReader(io.StringIO(to_csv(table))))
        assert len(lines) == len(table.rows) * len(table.columns)
        cutmix = lines[len(table.columns)]
        assert (cutmix["method"], cutmix["runs"]) == ("cutmix", "cutmix-0 cutmix-1 cutmix-2")
        assert float(cutmix["mean"]) == 65.0
        assert float(cutmix["deviation"]) == pytest.approx(0.8)
        alia = lines[2 * len(table.columns)]
        assert (alia["n"], alia["failed"], alia["published"]) == ("2", "1", "")

    @pytest.mark.parametrize("name", HOSTILE)
    def test_no_name_is_a_formula(self, name: str) -> None:
        (line,) = csv.DictReader(io.StringIO(to_csv(named(name)), newline=""))
        line = {field: value.removeprefix("'") if value.startswith("'=") else value for field, value in line.items()}
        assert line["label"] == line["method"] == line["task"] == re.sub(r"[\n\r]", " ", name)

    def test_negative_numbers_stay_numbers(self) -> None:
        made = make_table([row("m", {0: -1.5})])
        assert next(csv.DictReader(io.StringIO(to_csv(made))))["mean"] == "-1.5"

    def test_mini_is_in_capitals(self) -> None:
        made = make_table([row("m", entry("m", (1.0,), variant="mini"))], variant="mini")
        assert next(csv.DictReader(io.StringIO(to_csv(made))))["variant"] == "MINI"

    def test_settings_tell_columns_apart(self) -> None:
        columns = [replace(ACCURACY, setting=f"{shots}-shot") for shots in (5, 10)]
        lines = csv.DictReader(io.StringIO(to_csv(make_table([row("m", (1.0,), (1.0,))], *columns))))
        assert [line["setting"] for line in lines] == ["5-shot", "10-shot"]


def test_json_has_everything(table: Table) -> None:
    content = json.loads(to_json(table))
    assert content["title"] == "Waterbirds #1"
    assert content["notes"] == list(table.notes)
    cutmix = content["cells"][len(table.columns)]
    assert cutmix["runs"] == {"0": "cutmix-0", "1": "cutmix-1", "2": "cutmix-2"}
    assert cutmix["values"] == {"0": 63.0, "1": 65.5, "2": 66.5}
    assert (cutmix["published"], cutmix["published_spread"], cutmix["where"]) == (64.2, 0.5, "table 3")
    assert cutmix["deviation_in_standard_errors"] == pytest.approx(0.8 / (3.25 / 3 + 0.25 / 3) ** 0.5)


@pytest.mark.parametrize("form", ["markdown", "latex", "html"])
def test_a_table_without_rows_has_its_header(form: str) -> None:
    assert "waterbirds accuracy" in render(make_table([]), form)
    assert "method" in render(build_table([], [], variant="full"), form)


def test_several_tables_in_one_document(table: Table) -> None:
    both = {"one": table, "other": replace(table, title="Other")}
    content = json.loads(render_all(both, "json"))
    assert [one["table"] for one in content["tables"]] == ["one", "other"]
    assert content["tables"][0] == {"table": "one", **json.loads(to_json(table))}
    lines = list(csv.DictReader(io.StringIO(render_all(both, "csv"))))
    assert [line.pop("table") for line in lines] == ["one"] * (len(lines) // 2) + ["other"] * (len(lines) // 2)
    assert lines[: len(lines) // 2] == list(csv.DictReader(io.StringIO(to_csv(table))))
    assert render_all({}, "csv") == ""
