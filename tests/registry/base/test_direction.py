"""Which value of a metric is better, in either direction."""

from __future__ import annotations

from math import inf, nan

import pytest

from provbench.registry import Metric, TaskInfo, UserError
from provbench.registry.base.direction import best_key, improves, merit

ERRORS = {"a": 72.5, "b": 42.5, "c": 2.5, "d": 0.0}


def test_the_lowest_is_best_where_lower_is_better() -> None:
    assert best_key(ERRORS, higher_is_better=False) == "d"
    assert best_key(ERRORS, higher_is_better=True) == "a"


@pytest.mark.parametrize("higher", [True, False])
def test_the_first_of_equals_is_best_and_what_is_not_finite_never(higher: bool) -> None:
    assert best_key({1: nan, 2: inf, 3: -inf, 4: 5.0, 5: 5.0}, higher) == 4
    assert best_key({1: nan, 2: inf}, higher) is None
    assert best_key({}, higher) is None


def test_a_difference_is_for_the_better_in_one_direction_only() -> None:
    assert improves(-1.5, higher_is_better=False)
    assert not improves(1.5, higher_is_better=False)
    assert improves(1.5, higher_is_better=True)
    assert not improves(0.0, higher_is_better=True)
    assert not improves(0.0, higher_is_better=False)
    assert merit(2.0, higher_is_better=False) == -2.0


def test_a_metric_that_the_task_does_not_declare_has_no_direction() -> None:
    info = TaskInfo("T", (Metric("error", "share", higher_is_better=False),), {"val": "error"}, "", "", "")
    assert not info.metric("error").higher_is_better
    with pytest.raises(UserError, match="unknown metric 'eror': did you mean 'error'"):
        info.metric("eror")
