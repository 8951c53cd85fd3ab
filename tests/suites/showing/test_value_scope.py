"""Tables whose rows are values: which of the suite's cells stands where, and what is refused."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import product

import pytest

from provbench.registry import MINI, UserError
from provbench.results import RunRecord, Table
from provbench.results.report.content import Report, SuiteCell
from provbench.results.report.links import Links
from provbench.results.report.methods import method_pages
from provbench.results.store import Choice
from provbench.suites.planning.plan import Plan
from provbench.suites.showing.overview import CellState, untouched
from provbench.suites.showing.tabulate import make_tables

SUITE = """\
name: s
seeds: [0, 1]
tasks:
  short: {task: toy, variant: mini, params: {epochs: 1}}
  long: {task: toy, variant: mini, params: {epochs: 5}}
methods:
  plain: {label: Plain, regularizers: [gradient-guidance], sweep: {gradient-guidance.alpha: [0.1, 0.3]}}
  cutmix:
    label: CutMix
    augmentation: cutmix
    regularizers: [gradient-guidance]
    sweep: {gradient-guidance.alpha: [0.3, 0.5]}
  bare: {}
tables:
"""
COLUMNS = "columns: [{metric: accuracy, method: plain}, {metric: accuracy, method: cutmix}]"
BY_ALPHA = f"- {{name: t, task: short, rows: {{by: gradient-guidance.alpha}}, {COLUMNS}, baseline: plain}}\n"
Cell = tuple[str, str, int]


def score(section: str, method: str, seed: int) -> float:
    """A different number for every run."""
    methods = ["plain[gradient-guidance.alpha=0.1]", "plain[gradient-guidance.alpha=0.3]"]
    methods += ["cutmix[gradient-guidance.alpha=0.3]", "cutmix[gradient-guidance.alpha=0.5]", "bare"]
    return 10.0 * methods.index(method) + 50 * (section == "long") + seed


def states(plan: Plan) -> list[CellState]:
    return [replace(state, selected={"val": choice(plan, state)}) for state in untouched(plan)]


def choice(plan: Plan, state: CellState) -> Choice:
    specs = plan.final_specs(state.cell, "feed")
    records = {
        spec.seed: RunRecord.model_validate(
            {
                "key": spec.key,
                "suite": "s",
                "task": "toy",
                "variant": "mini",
                "protocol": "1",
                "method": spec.method,
                "phase": "final",
                "seed": spec.seed,
                "parameters": spec.parameters,
                "status": "done",
                "test": {"accuracy": score(state.cell.name, spec.method, spec.seed)},
                "fingerprint": "feed" if state.cell.name == "short" else "food",
            }
        )
        for spec in specs
    }
    return Choice("val", "accuracy", {}, records, specs)


def made(make: Callable[..., Plan], text: str) -> Table:
    plan = make(SUITE + text)
    return make_tables(plan, states(plan))["t"]


def values(table: Table) -> Mapping[str, Sequence[Mapping[int, float]]]:
    return {
        row.method: [dict(cell.values) for cell in cells] for row, cells in zip(table.rows, table.cells, strict=True)
    }


def test_a_swept_parameter_has_a_row_for_each_value(make: Callable[..., Plan]) -> None:
    table = made(make, BY_ALPHA)
    assert values(table) == {
        "alpha=0.1": [{0: 0.0, 1: 1.0}, {}],
        "alpha=0.3": [{0: 10.0, 1: 11.0}, {0: 20.0, 1: 21.0}],
        "alpha=0.5": [{}, {0: 30.0, 1: 31.0}],
    }
    assert [column.title for column in table.columns] == ["Plain accuracy [%]", "CutMix accuracy [%]"]
    effects = [cells[1].effect and cells[1].effect.difference for cells in table.cells]
    assert effects == [None, 10.0, None]
    assert table.cells[2][1].untested
    assert table.cells[0][1].text() == ""


def test_rows_can_be_chosen_and_named(make: Callable[..., Plan]) -> None:
    rows = "rows: {by: gradient-guidance.alpha, method: plain, values: [0.3, {value: 0.1, label: weak, group: g}]}"
    table = made(make, f"- {{name: t, task: short, {rows}, columns: [accuracy]}}\n")
    assert values(table) == {"alpha=0.3": [{0: 10.0, 1: 11.0}], "alpha=0.1": [{0: 0.0, 1: 1.0}]}
    assert [(row.title, row.group) for row in table.rows] == [("alpha=0.3", ""), ("weak", "g")]
    assert table.columns[0].title == "accuracy [%]"


@pytest.mark.parametrize(("by", "names"), [("epochs", ("epochs=1", "epochs=5")), ("task", ("task=short", "task=long"))])
def test_task_sections_are_rows_with_data_of_their_own(
    make: Callable[..., Plan], by: str, names: tuple[str, str]
) -> None:
    columns = '[{metric: accuracy, method: bare}, {metric: accuracy, method: "plain[gradient-guidance.alpha=0.1]"}]'
    table = made(make, f"- {{name: t, rows: {{by: {by}}}, columns: {columns}, baseline: bare}}\n")
    expected = [[{0: 40.0, 1: 41.0}, {0: 0.0, 1: 1.0}], [{0: 90.0, 1: 91.0}, {0: 50.0, 1: 51.0}]]
    assert values(table) == dict(zip(names, expected, strict=True))


def test_seeds_are_rows(make: Callable[..., Plan]) -> None:
    table = made(make, "- {name: t, task: short, rows: {by: seed, method: bare}, columns: [accuracy]}\n")
    assert values(table) == {"seed=0": [{0: 40.0}], "seed=1": [{1: 41.0}]}
    assert not any(cells[0].gaps for cells in table.cells)


def test_a_mean_is_of_columns_of_one_method(make: Callable[..., Plan]) -> None:
    parts = product(("bare", "plain"), ("short", "long"))
    columns = ", ".join(f"{{metric: accuracy, method: {method}, task: {task}}}" for method, task in parts)
    mean = "{{metric: accuracy, method: plain, mean_of: {}}}"
    text = f"- {{{{name: t, rows: {{{{by: gradient-guidance.alpha}}}}, columns: [{{}}, {mean}]}}}}\n"
    table = made(make, text.format(columns, "all"))
    assert table.columns[4].mean_of == (2, 3)
    assert table.cells[0][4].values == {0: 25.0, 1: 26.0}
    with pytest.raises(UserError, match="column 1 is of another method"):
        made(make, text.format(columns, "[1, 3]"))


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (
            "gradient-guidance.alpha",
            "gradient-guidance.alhpa",
            "rows.by: unknown parameter 'gradient-guidance.alhpa': did you mean",
        ),
        ("method: plain", "method: plan", "columns.0.method: unknown method 'plan': did you mean 'plain'"),
        (", method: plain", "", "columns.0: rows are values of gradient-guidance.alpha here: name its method"),
        ("task: short, ", "", "columns.0: gradient-guidance.alpha 0.1 is of 2 cells of the suite, short/plain["),
        (
            "alpha}",
            "alpha, values: [0.2]}",
            "rows.values.0: no run of the columns' methods has alpha=0.2; known: 0.1, 0.3, 0.5",
        ),
        ("alpha}", "alpha, values: [0.1, 0.1]}", "rows.values: has a value twice"),
        (
            "baseline: plain",
            "baseline: plian",
            "baseline: unknown baseline 'plian', a row or a column's method: did you mean",
        ),
        ("method: cutmix", "method: plain", "'plain' is the method of every column"),
        ("rows: {by: gradient-guidance.alpha}", "rows: [bare]", "columns.0.method: rows are methods here"),
    ],
)
def test_what_means_nothing_is_refused(make: Callable[..., Plan], old: str, new: str, words: str) -> None:
    assert old in BY_ALPHA
    with pytest.raises(UserError, match=re.escape(words)) as caught:
        made(make, BY_ALPHA.replace(old, new))
    assert f"suite.yaml:{SUITE.count(chr(10)) + 1}: tables.0" in str(caught.value)


@pytest.mark.parametrize(
    ("by", "baseline", "words"),
    [
        ("seed", "bare", "rows are seeds here, and a test needs several in one cell"),
        ("task", "task=long", "'task=long' is a row, and rows of different tasks are not compared"),
    ],
)
def test_rows_that_cannot_be_tested(make: Callable[..., Plan], by: str, baseline: str, words: str) -> None:
    task = "task: short, " if by == "seed" else ""
    text = f"- {{name: t, {task}rows: {{by: {by}, method: bare}}, columns: [accuracy], baseline: {baseline}}}\n"
    with pytest.raises(UserError, match=re.escape(words)):
        made(make, text)


def test_a_seed_is_one_of_the_suite(make: Callable[..., Plan]) -> None:
    with pytest.raises(UserError, match="no run of the columns' methods has seed=7; known: 0, 1"):
        made(make, "- {name: t, task: short, rows: {by: seed, method: bare, values: [7]}, columns: [accuracy]}\n")


def test_a_report_has_such_tables(make: Callable[..., Plan]) -> None:
    plan = make(SUITE + BY_ALPHA)
    known = states(plan)
    cells = [
        SuiteCell(one.cell.name, "toy", "Toy", one.cell.method, one.cell.label, MINI, (0, 1), [one.selected["val"]])
        for one in known
    ]
    report = Report("s", "", "", make_tables(plan, known), cells)
    links = Links(report)
    pages = list(method_pages(report, links, ()))
    assert [page.baseline for page in pages] == ["Plain"] * 3
    assert [[runs.title for runs in page.runs] for page in pages] == [
        ["Toy: Plain"],
        ["Toy: Plain", "Toy: CutMix"],
        ["Toy: CutMix"],
    ]
    assert links.method(cells[0]) == f"{pages[0].href}#column-1"


def test_a_searched_parameter_has_no_values(make: Callable[..., Plan]) -> None:
    search = "search: {trials: 4, space: {lr: null}}\n"
    plan = make(search + SUITE + "- {name: t, task: short, rows: {by: lr, method: bare}, columns: [accuracy]}\n")
    with pytest.raises(UserError, match="lr is searched for bare"):
        make_tables(plan, untouched(plan))
