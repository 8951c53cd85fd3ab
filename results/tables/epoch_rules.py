"""Rules for which epoch of a run is scored: the same training, read off its curves in the ways that papers do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import nan
from statistics import median

from provbench.registry.base import best_key

from ..store import RunRecord
from .model import Column, EpochName

LAST_EPOCHS = 10
"""Validated epochs of `median-last-10`."""

OWN = {"last": "last", "best": "best-val"}
"""The rule that each value of a recipe's parameter `checkpoint` follows."""

ByEpoch = Mapping[float, float]
"""A metric by epoch."""


@dataclass(frozen=True)
class EpochRule:
    """A rule. of: maps the selection metric on val and the column's metric on test, by epoch, to the score; NaN where
    they do not give one.
    """

    description: str
    of: Callable[[ByEpoch, ByEpoch, Column], float]
    oracle: bool = False
    """True if the rule looks at the test split."""


def _last(val: ByEpoch, test: ByEpoch, column: Column) -> float:
    return test[max(test)]


def _best_val(val: ByEpoch, test: ByEpoch, column: Column) -> float:
    return test.get(best_key(val, column.selection_higher_is_better) or nan, nan)


def _median_last(val: ByEpoch, test: ByEpoch, column: Column) -> float:
    last = sorted(test)[-LAST_EPOCHS:]
    return median(test[epoch] for epoch in last) if len(last) == LAST_EPOCHS else nan


def _best_test(val: ByEpoch, test: ByEpoch, column: Column) -> float:
    best = best_key(test, column.higher_is_better)
    return nan if best is None else test[best]


EPOCH_RULES: dict[EpochName, EpochRule] = {
    "last": EpochRule("the last epoch", _last),
    "best-val": EpochRule("the first epoch that is best on val by the selection metric", _best_val),
    "median-last-10": EpochRule("median over the last ten validated epochs", _median_last),
    "best-test": EpochRule("the epoch that is best on test, which was chosen on the test data", _best_test, True),
}
"""The rules by the names that tables use. `best-test` is what many papers print; it is an upper bound, as no user of a
method can choose so. OpenMixup's tables of fine-grained classification have `median-last-10`.
"""


def own_rule(run: RunRecord) -> str:
    """Returns the rule of a run's own scores; "" where its record does not say."""
    return OWN.get(str(run.parameters.get("checkpoint", "")), "")


def score_on_test(run: RunRecord, column: Column) -> float:
    """Returns a run's score on test in the column's metric, at the epoch that the column's rule scores.

    Another rule than the run's own needs the run's curve on test; NaN where the record has none.
    """
    if column.epoch in ("", own_rule(run)):
        return run.test.get(column.metric, nan)
    test = _by_epoch(run.test_curve, column.metric)
    return EPOCH_RULES[column.epoch].of(_by_epoch(run.curve, column.selection_metric), test, column) if test else nan


def _by_epoch(curve: list[dict[str, float]], metric: str) -> ByEpoch:
    return {entry["epoch"]: entry[metric] for entry in curve if metric in entry}
