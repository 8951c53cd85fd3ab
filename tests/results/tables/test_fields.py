"""Statistics of tables by hand, and one that a plugin adds."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping
from math import exp
from typing import Any, ClassVar

import numpy as np
import pytest

from provbench.registry import FIELDS, UnknownNameError, UserError
from provbench.results import Column, Context, Statistic, Table, render
from provbench.results.report.tables import table_files, table_page

from ..tabular import ACCURACY, entry, notes, row, table

ROWS = [
    row("baseline", (60.0, 62.0, 64.0)),
    row("cutmix", (63.0, 65.5, 66.5)),
    row("alia", (61.0, 65.0, 63.0)),
]
"""Differences to the baseline: of cutmix 3, 3.5 and 2.5; of alia 1, 3 and -1."""


def texts(made: Table, kind: str, column: int = 0) -> list[str]:
    """The texts of a statistic in a column, row by row."""
    return [one.text for fields in made.body() for one in fields if (one.kind, one.column) == (kind, column)]


def lines(made: Table) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(render(made, "csv"))))


class TestPairedTests:
    def test_permutation_by_hand(self) -> None:
        made = table(ROWS, baseline="baseline", show=("value", "permutation"))
        # of the 8 sums of ±3 ± 3.5 ± 2.5, 2 are as large as 9; of ±1 ± 3 ± 1, 6 are as large as 3; by Holm 1/4 doubles
        assert texts(made, "permutation") == ["", "0.500", "0.750"]
        assert (
            "p permutation: exact paired permutation test on up to 20 shared seeds against baseline, two-sided, "
            "adjusted by Holm's method over the column; it decides nothing about bold."
        ) in made.notes

    def test_wilcoxon_by_hand(self) -> None:
        made = table(ROWS, baseline="baseline", show=("value", "wilcoxon"))
        # the ranks of 1, 3 and 1 are 1.5, 3 and 1.5: 3 of 8 sums of ranks reach 4.5, on either side
        assert texts(made, "wilcoxon") == ["", "0.500", "0.750"]
        assert "p Wilcoxon: Wilcoxon's signed-rank test on shared seeds against baseline" in notes(made)

    def test_they_change_nothing_about_bold(self) -> None:
        plain = table(ROWS, baseline="baseline")
        made = table(ROWS, baseline="baseline", show=("value", "p", "permutation", "wilcoxon"))
        assert [cells[0].bold for cells in made.cells] == [cells[0].bold for cells in plain.cells]
        assert texts(made, "p") == texts(plain, "p")

    def test_more_seeds_than_can_be_permuted(self) -> None:
        seeds = tuple(range(21))
        rows = [
            row(name, entry(name, [60.0 + seed + place for seed in seeds], seeds)) for place, name in enumerate("ab")
        ]
        assert texts(table(rows, baseline="a", show=("value", "permutation")), "permutation") == []

    @pytest.mark.parametrize("name", ["permutation", "wilcoxon", "mcnemar"])
    def test_without_a_baseline(self, name: str) -> None:
        with pytest.raises(UserError, match=f"show: {name}: it compares with a baseline"):
            table(ROWS, show=("value", name))


class TestIntervals:
    def test_bootstrap(self) -> None:
        made = table(
            [row("a", (60.0, 62.0, 64.0)), row("b", (70.0, 70.0, 70.0)), row("c", (50.0,))], show=("bootstrap",)
        )
        first = made.cells[0][0].statistics["bootstrap"]
        assert 60.0 <= first.low < 62.0 < first.high <= 64.0
        assert texts(made, "bootstrap")[1:] == ["[70.0, 70.0]", ""]
        assert texts(made, "bootstrap")[:1] == texts(table(ROWS[:1], show=("bootstrap",)), "bootstrap")
        assert "95 % bootstrap: interval of the mean from resampling its seeds" in notes(made)

    def test_crossed_by_hand(self) -> None:
        # of two samples, one right: a resample has 0, 1 or 2 right ones in 1, 2, 1 of 4 cases
        made = table([row("a", entry("a", {0: 50.0}, (0,)))], show=("value", "crossed"), samples=right({"a-0": [1, 0]}))
        assert texts(made, "crossed") == ["[0.0, 100.0]"]
        (line,) = lines(made)
        assert (line["crossed_low"], line["crossed_high"]) == ("0.0", "100.0")

    def test_predictions_that_are_not_there_or_do_not_make_the_value_give_none(self) -> None:
        one = [row("a", entry("a", {0: 50.0}, (0,)))]
        for stored in ({}, {"a-0": [1, 1]}, {"a-0": []}):
            assert texts(table(one, show=("value", "crossed"), samples=right(stored)), "crossed") == []

    def test_predictions_are_read_only_where_they_are_shown(self) -> None:
        def read(key: str, split: str) -> None:
            raise AssertionError(key)

        table(ROWS, baseline="baseline", show=("value", "bootstrap"), samples=read)


def right(stored: Mapping[str, list[int]]) -> Callable[[str, str], dict[str, np.ndarray] | None]:
    """Predictions on the test split: which samples each run gets right."""

    def samples(key: str, split: str) -> dict[str, np.ndarray] | None:
        assert split == "test"
        if key not in stored:
            return None
        scores = np.array(stored[key], dtype=float)
        return {"id": np.array([f"id-{place}" for place in range(len(scores))]), "accuracy": scores}

    return samples


class TestMcNemar:
    ROWS: ClassVar = [row("baseline", entry("baseline", {0: 50.0}, (0,))), row("a", entry("a", {0: 100.0}, (0,)))]

    def test_by_hand(self) -> None:
        stored = {"baseline-0": [0] * 5 + [1] * 5, "a-0": [1] * 10}
        made = table(self.ROWS, baseline="baseline", show=("value", "mcnemar"), samples=right(stored))
        assert texts(made, "mcnemar") == ["", "0.062"]  # all of 5 samples fall to one side: 2 / 2^5
        assert "first shared seed" in notes(made)

    def test_other_samples(self) -> None:
        stored = {"baseline-0": [0] * 5 + [1] * 5, "a-0": [1] * 11}
        made = table(self.ROWS, baseline="baseline", show=("value", "mcnemar"), samples=right(stored))
        assert texts(made, "mcnemar") == []


class TestFriedman:
    def make(self, *scores: tuple[float, float, float], **fields: Any) -> Table:
        tasks = ("t1", "t2", "t3")
        columns = [Column(task, "accuracy") for task in tasks]
        rows = []
        for name, of in zip("abcd", scores, strict=False):
            by_task = dict(zip(tasks, of, strict=True))
            entries = [entry(f"{name}-{task}", {0: score}, (0,), task=task) for task, score in by_task.items()]
            rows.append(row(name, *entries, entry(name, (), ())))
        mean = Column("", "accuracy", mean_of=(0, 1, 2), label="mean")
        return table(rows, *columns, mean, show=("value", "friedman"), **fields)

    def test_by_hand(self) -> None:
        made = self.make((90.0, 80.0, 70.0), (89.0, 79.0, 69.0), (50.0, 40.0, 30.0))
        assert texts(made, "friedman", 3) == ["1.00", "2.00", "3.00"]
        # χ² = 12 / (3 · 3 · 4) · (3² + 6² + 9²) - 3 · 3 · 4 = 6, with two degrees of freedom
        assert f"Friedman's test that all rank alike: mean: p = {exp(-3):.3f}." in notes(made)
        assert float(lines(made)[3]["friedman_p"]) == pytest.approx(exp(-3))
        assert lines(made)[3]["rank"] == "1.0"

    def test_two_rows_are_ranked_and_not_tested(self) -> None:
        made = self.make((90.0, 80.0, 70.0), (91.0, 79.0, 69.0))
        assert texts(made, "friedman", 3) == ["1.33", "1.67"]
        assert "mean: not tested" in notes(made)


class Spread(Statistic):
    """The range of the values over seeds."""

    title: ClassVar[str] = "<range>"
    legend: ClassVar[str] = "<range>: the largest value less the smallest."

    def compute(self, context: Context) -> float | None:
        values = context.cell.values.values()
        return max(values) - min(values) if values else None


@pytest.fixture
def spread() -> Iterator[str]:
    FIELDS.add("spread", Spread, origin="a plugin")
    yield "spread"
    del FIELDS._entries["spread"]


class TestPlugin:
    def test_it_is_in_every_form(self, spread: str) -> None:
        made = table(ROWS, show=("value", spread))
        assert texts(made, spread) == ["4.0", "3.5", "4.0"]
        assert [line["spread"] for line in lines(made)] == ["4.0", "3.5", "4.0"]
        assert [cell["spread"] for cell in json.loads(render(made, "json"))["cells"]] == [4.0, 3.5, 4.0]
        assert "| 62.0 ± 2.0 (3) | 4.0 |" in render(made, "markdown")
        assert '<td class="spread" data-sort="3.5">3.5</td>' in render(made, "html")
        assert " & 3.5 \\\\" in render(made, "latex")
        for form in ("markdown", "latex", "html", "json"):
            assert "the largest value less the smallest." in render(made, form)

    def test_it_is_in_the_report(self, spread: str) -> None:
        page = table_page("t", table(ROWS, show=("value", spread)), ["a", "b", "c"])
        assert page.kinds == [("spread", "<range>")]
        assert [line.fields[1].sort for _, of in page.groups for line in of] == [4.0, 3.5, 4.0]
        assert all("range" in str(content) or "spread" in str(content) for _, content in table_files(page))

    def test_a_misspelt_name_has_the_nearest(self, spread: str) -> None:
        with pytest.raises(UnknownNameError, match="did you mean 'spread'"):
            table(ROWS, ACCURACY, show=("value", "spraed"))
