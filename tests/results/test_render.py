from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path

import pytest

from provbench.registry import UnknownNameError
from provbench.results import (
    RENDERERS,
    Column,
    Counts,
    PublishedNumber,
    Table,
    TableRow,
    build_table,
    render,
    to_csv,
    to_json,
    to_latex,
    to_markdown,
)

GOLDEN = Path(__file__).parent / "golden"
SCORES = {"baseline": (60.0, 62.0, 64.0), "cutmix": (63.0, 65.5, 66.5), "alia": (61.0, 65.0)}
SUFFIXES = {"markdown": "md", "latex": "tex", "csv": "csv", "json": "json"}


@pytest.fixture
def table(make_record) -> Table:
    """Three methods on one task, everything in it: a gap, a published number, tests, a search, uncommitted changes."""
    labels = {"cutmix": "CutMix_50% & |more|"}
    rows = []
    for method, scores in SCORES.items():
        runs = [
            make_record(f"{method}-{seed}", seed=seed, test={"accuracy": score}, dirty=method == "alia")
            for seed, score in enumerate(scores)
        ]
        rows.append(TableRow(method, (0, 1, 2), runs, labels.get(method, ""), search={"waterbirds": Counts(9, 1, 0)}))
    number = PublishedNumber(
        publication="paper",
        task="waterbirds",
        method="cutmix",
        model="resnet50",
        metric="accuracy",
        value=64.2,
        spread=0.5,
        source="paper",
        where="table 3",
    )
    return build_table(
        rows,
        [Column("waterbirds", "accuracy")],
        variant="full",
        published=[number],
        baseline="baseline",
        title="Waterbirds #1",
    )


@pytest.mark.parametrize("form", RENDERERS)
def test_golden(table: Table, form: str) -> None:
    expected = (GOLDEN / f"waterbirds.{SUFFIXES[form]}").read_text(encoding="utf-8")
    assert render(table, form) == expected


def test_a_form_that_is_not_there(table: Table) -> None:
    with pytest.raises(UnknownNameError, match="unknown table format 'latx': did you mean 'latex'"):
        render(table, "latx")


def named(label: str) -> Table:
    return build_table([TableRow(label, (0,), label=label)], [Column("t", "m")], variant="full", title=label)


HOSTILE = [
    "a|b",
    "a\\",
    "a\nb",
    "a\rb",
    "**bold**",
    "`code`",
    "<script>alert(1)</script>",
    "[a](http://b)",
    "x_y_z",
    "# head",
]


class TestMarkdown:
    @pytest.mark.parametrize("label", HOSTILE)
    def test_a_name_stays_in_its_field(self, label: str) -> None:
        lines = to_markdown(named(label)).splitlines()
        header, _, row = (line for line in lines if line.startswith("|"))
        fields = re.split(r"(?<!\\)\|", row.replace("\\\\", ""))
        assert len(fields) == header.count("|") + 1
        assert re.sub(r"\\(.)", r"\1", row.split(" | ")[0].removeprefix("| ")) == re.sub("[\\r\\n]", " ", label)

    def test_markup_is_escaped(self) -> None:
        assert "\\<script\\>" in to_markdown(named("<script>alert(1)</script>"))
        assert "\\*\\*bold\\*\\*" in to_markdown(named("**bold**"))


class TestLatex:
    def test_special_characters_are_escaped(self) -> None:
        text = to_latex(named(r"a_b & 50% $x$ #1 {y} ~ ^ \input{secret} < > | "))
        assert (
            r"a\_b \& 50\% \$x\$ \#1 \{y\} \textasciitilde{} \textasciicircum{} "
            r"\textbackslash{}input\{secret\} \textless{} \textgreater{} \textbar{} "
        ) in text

    @pytest.mark.parametrize("label", ["[2pt]", "*"])
    def test_a_line_break_takes_no_name_for_its_argument(self, label: str) -> None:
        assert "\n{}" + label + " & -- \\\\" in to_latex(named(label))

    def test_braces_are_balanced(self, table: Table) -> None:
        text = re.sub(r"\\[{}]", "", to_latex(table))
        assert text.count("{") == text.count("}")


class TestCsv:
    def test_a_script_can_read_it(self, table: Table) -> None:
        lines = list(csv.DictReader(io.StringIO(to_csv(table))))
        assert [line["method"] for line in lines] == list(SCORES)
        assert float(lines[1]["mean"]) == 65.0
        assert float(lines[1]["deviation"]) == pytest.approx(0.8)
        assert (lines[2]["n"], lines[2]["missing"], lines[2]["published"]) == ("2", "1", "")

    @pytest.mark.parametrize("label", ["=1+1", "+guidance", "-x", "@sum", "\ttab", " =1+1", "\r=1+1"])
    def test_a_name_is_no_formula(self, label: str) -> None:
        (line,) = csv.DictReader(io.StringIO(to_csv(named(label)), newline=""))
        assert line["label"] == line["method"] == "'" + label.replace("\r", " ")

    def test_negative_numbers_stay_numbers(self, make_record) -> None:
        runs = [make_record(test={"accuracy": -1.5})]
        table = build_table([TableRow("m", (0,), runs)], [Column("waterbirds", "accuracy")], variant="full")
        assert next(csv.DictReader(io.StringIO(to_csv(table))))["mean"] == "-1.5"

    def test_mini_is_in_capitals(self, make_record) -> None:
        runs = [make_record(variant="mini")]
        table = build_table([TableRow("m", (0,), runs)], [Column("waterbirds", "accuracy")], variant="mini")
        assert next(csv.DictReader(io.StringIO(to_csv(table))))["variant"] == "MINI"


def test_json_has_everything(table: Table) -> None:
    content = json.loads(to_json(table))
    assert content["title"] == "Waterbirds #1"
    assert content["notes"] == list(table.notes)
    cutmix = content["cells"][1]
    assert cutmix["runs"] == {"0": "cutmix-0", "1": "cutmix-1", "2": "cutmix-2"}
    assert cutmix["values"] == {"0": 63.0, "1": 65.5, "2": 66.5}
    assert (cutmix["published"], cutmix["published_spread"], cutmix["where"]) == (64.2, 0.5, "table 3")
