"""Which epoch of a run a table scores."""

from __future__ import annotations

from dataclasses import replace
from math import isnan
from statistics import median
from typing import Any

import pytest

from provbench.results import Column, RowRuns, RunRecord
from provbench.results.tables.epoch_rules import EPOCH_RULES, score_on_test

from ..tabular import notes, record, row, table

VAL = [50.0, 70.0, 65.0, 70.0, 60.0, 61.0, 62.0, 63.0, 64.0, 66.0, 55.0, 56.0]
TEST = [40.0, 50.0, 80.0, 51.0, 52.0, 53.0, 54.0, 55.0, 56.0, 57.0, 58.0, 41.0]
COLUMN = Column("waterbirds", "accuracy", selection_metric="accuracy")


def run(key: str = "aa", epochs: int = 12, **fields: Any) -> RunRecord:
    """A run whose own epoch is the last, with both curves."""
    return record(
        key,
        parameters={"model": "m", "checkpoint": "last"},
        curve=[{"epoch": n + 1, "accuracy": VAL[n]} for n in range(epochs)],
        test_curve=[{"epoch": n + 1, "accuracy": TEST[n]} for n in range(epochs)],
        **{"test": {"accuracy": TEST[epochs - 1]}, **fields},
    )


def score(rule: str, of: RunRecord, **changes: Any) -> float:
    return score_on_test(of, replace(COLUMN, epoch=rule, **changes))


class TestRules:
    def test_by_hand(self) -> None:
        assert score("", run()) == score("last", run()) == 41.0
        assert score("best-val", run()) == 50.0  # the first of two equal ones
        assert score("median-last-10", run()) == median(TEST[2:]) == 54.5
        assert score("best-test", run()) == 80.0

    def test_directions_are_obeyed(self) -> None:
        assert score("best-test", run(), higher_is_better=False) == 40.0
        assert score("best-val", run(), selection_higher_is_better=False) == 40.0

    def test_a_median_of_ten_takes_ten(self) -> None:
        assert isnan(score("median-last-10", run(epochs=9)))
        assert score("median-last-10", run(epochs=10)) == median(TEST[:10])

    def test_the_own_rule_needs_no_curve(self) -> None:
        old = run().model_copy(update={"test_curve": []})
        assert score("last", old) == 41.0
        assert isnan(score("best-val", old))

    def test_only_best_test_is_an_oracle(self) -> None:
        assert [name for name, rule in EPOCH_RULES.items() if rule.oracle] == ["best-test"]


class TestTables:
    def test_the_rules_beside_each_other(self) -> None:
        runs = RowRuns([run(f"r{seed}", seed=seed) for seed in range(3)], (0, 1, 2))
        columns = [replace(COLUMN, epoch=rule, label=rule or "own") for rule in ("", *EPOCH_RULES)]
        made = table([row("cutmix", *[runs] * len(columns))], *columns)
        means = [cell.summary.mean for cell in made.cells[0] if cell.summary is not None]
        assert means == [41.0, 41.0, 50.0, 54.5, 80.0]
        assert "ORACLE epochs of best-test: best-test, the epoch that is best on test" in notes(made)
        assert "Epochs of median-last-10: median-last-10, median over the last ten" in notes(made)

    def test_what_is_missing_is_named(self) -> None:
        old = run().model_copy(update={"test_curve": []})
        made = table([row("cutmix", RowRuns([old], (0,)))], replace(COLUMN, epoch="best-test"))
        assert made.cells[0][0].void == (0,)
        assert "set `test_curve: true` among the task's parameters" in notes(made)


def test_a_search_sees_no_curve_on_test() -> None:
    with pytest.raises(ValueError, match="no curve on test"):
        run(phase="search", test={})
