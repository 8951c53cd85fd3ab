"""Tables with methods as columns: what is tested against what, by hand."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace

import pytest
from scipy import stats

from provbench.registry import UserError
from provbench.results import Column, Table, TableRow, render
from provbench.results.regression.table_numbers import read_table
from provbench.results.tables.detectable import sights
from provbench.results.tables.endings import doubts
from tests.results.tabular import entry, notes, published, row, table

PLAIN = Column("waterbirds", "accuracy", label="Plain", method="plain", method_label="Plain")
MIXED = Column("waterbirds", "accuracy", label="CutMix", method="cutmix", method_label="CutMix")
SCORES = {
    "alpha=0.1": ((70.0, 71.0, 72.0), (75.0, 76.5, 76.0)),
    "alpha=0.3": ((60.0, 65.0, 61.0), (62.0, 61.0, 66.0)),
}


def value_row(name: str, plain: tuple[float, ...], mixed: tuple[float, ...], **fields: object) -> TableRow:
    entries = [
        replace(entry(f"{method}-{name[-1]}", scores), section="birds")
        for method, scores in (("plain", plain), ("cutmix", mixed))
    ]
    return row(name, *entries, **fields)


def made(*columns: Column, **fields: object) -> Table:
    rows = [value_row(name, *scores) for name, scores in SCORES.items()]
    return table(rows, *(columns or (PLAIN, MIXED)), **{"rows_by": "gradient-guidance.alpha", **fields})


def test_a_column_is_tested_against_the_baselines_in_the_same_row() -> None:
    found = made(baseline="plain")
    raw = [stats.ttest_rel(mixed, plain).pvalue for plain, mixed in SCORES.values()]
    holm = [2 * raw[0], max(2 * raw[0], raw[1])]
    assert raw[0] < raw[1]
    assert [cells[1].p_value for cells in found.cells] == pytest.approx(holm)
    assert [cells[0].p_value for cells in found.cells] == [None, None]
    assert [cells[1].effect.difference for cells in found.cells if cells[1].effect] == pytest.approx([14.5 / 3, 1.0])
    assert [[cell.bold for cell in cells] for cells in found.cells] == [[False, holm[0] < 0.05], [False, False]]
    assert not any(cell.untested for cells in found.cells for cell in cells)
    assert found.baseline_title == "Plain"
    assert "p: paired t-test against Plain on shared seeds" in notes(found)
    assert [(sight.column, sight.comparisons) for sight in sights(found)] == [("CutMix", 2)]


def test_a_row_is_the_baseline_of_its_column() -> None:
    found = made(baseline="alpha=0.1")
    expected = [stats.ttest_rel(high, low).pvalue for low, high in zip(*SCORES.values(), strict=True)]
    assert [cell.p_value for cell in found.cells[1]] == pytest.approx(expected)
    assert [cell.p_value for cell in found.cells[0]] == [None, None]


def test_a_gain_is_over_the_columns_method_in_the_same_row() -> None:
    found = made(PLAIN, replace(MIXED, over="plain", unit="points"))
    assert [cells[1].values for cells in found.cells] == [{0: 5.0, 1: 5.5, 2: 4.0}, {0: 2.0, 1: -4.0, 2: 5.0}]
    assert "over Plain: CutMix (alpha=0.1), CutMix (alpha=0.3)" in notes(found)


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ((MIXED, PLAIN, PLAIN), "'plain' has 2 columns of this metric"),
        ((MIXED, replace(PLAIN, metric="other", declared=True)), "'plain' has no column of this metric"),
        ((MIXED, replace(PLAIN, selection="worst-group")), "'plain' has no column of this metric"),
    ],
)
def test_a_column_needs_one_opponent(columns: tuple[Column, ...], words: str) -> None:
    rows = [row("alpha=0.1", *[entry("m", (1.0, 2.0, 3.0))] * len(columns))]
    with pytest.raises(UserError, match=words):
        table(rows, *columns, baseline="plain", rows_by="alpha")


def test_rows_of_different_tasks_are_not_ranked() -> None:
    found = made(rows_by="task")
    assert not any(cell.bold or cell.best for cells in found.cells for cell in cells)
    assert "Rows are different tasks: they are not compared, so nothing is bold." in found.notes
    assert sights(found) == []
    assert {doubt.lower for doubt in doubts(found) if doubt.higher} == set()


def test_published_numbers_are_of_the_rows_that_say_so() -> None:
    numbers = [published("cutmix", 71.0), published("alpha=0.1", 1.0)]
    rows = [value_row(name, *SCORES["alpha=0.1"], setting=setting) for name, setting in (("a=1", ""), ("a=2", None))]
    found = table(rows, PLAIN, MIXED, published=numbers, rows_by="a")
    values = [[cell.published and cell.published.value for cell in cells] for cells in found.cells]
    assert values == [[None, 71.0], [None, None]]


def test_every_form_says_row_and_method() -> None:
    found = made(baseline="plain")
    assert [field.text for field in found.header()][:3] == ["alpha", "Plain", "CutMix"]
    lines = list(csv.DictReader(io.StringIO(render(found, "csv"))))
    names = [(line["method"], line["row"]) for line in lines]
    assert names == [(method, name) for name in SCORES for method in ("plain", "cutmix")]
    cells = json.loads(render(found, "json"))["cells"]
    assert [(cell["method"], cell["row"]) for cell in cells] == names
    for form in ("markdown", "latex", "html"):
        assert "alpha=0.3" in render(found, form)
    state = read_table(render(found, "json").encode(), "t.json")
    assert [name.method for name in state] == [f"{method}[{name}]" for method, name in names]
    assert [number.values for number in state.values()] == [
        dict(enumerate(scores)) for pair in SCORES.values() for scores in pair
    ]


def test_two_states_of_the_data_in_one_section_are_refused_across_columns() -> None:
    other = entry("cutmix-a", (1.0, 2.0, 3.0), fingerprint="other")
    entries = [replace(entry("plain-a", (1.0, 2.0, 3.0)), section="birds"), replace(other, section="birds")]
    with pytest.raises(UserError, match="two states of the data"):
        table([row("a=1", *entries)], PLAIN, MIXED, rows_by="a")
    apart = [entries[0], replace(other, section="others")]
    assert table([row("a=1", *apart)], PLAIN, MIXED, rows_by="a").cells[0][1].values == {0: 1.0, 1: 2.0, 2: 3.0}
