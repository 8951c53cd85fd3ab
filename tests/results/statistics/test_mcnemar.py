from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from statsmodels.stats.contingency_tables import mcnemar

from provbench.results.statistics import McNemar, mcnemar_test


def test_by_hand() -> None:
    # 4 samples that only ours gets right, 1 that only theirs does: of 2^5 ways, 1 + 5 are as lopsided to either side
    ours, theirs = np.array([1, 1, 1, 1, 0, 1, 0]), np.array([0, 0, 0, 0, 1, 1, 0])
    assert mcnemar_test(ours, theirs) == McNemar(4, 1, pytest.approx(12 / 32))  # type: ignore[arg-type]


@settings(max_examples=60)
@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=80))
def test_as_statsmodels(samples: list[tuple[bool, bool]]) -> None:
    ours, theirs = np.array(samples).T
    table = [[np.sum(ours & theirs), np.sum(ours & ~theirs)], [np.sum(~ours & theirs), np.sum(~ours & ~theirs)]]
    found = mcnemar_test(ours, theirs)
    assert found.p_value == pytest.approx(mcnemar(table, exact=True).pvalue)  # type: ignore[attr-defined]
    assert (found.only_ours, found.only_theirs) == (table[0][1], table[1][0])
    other = mcnemar_test(theirs, ours)
    assert (other.only_ours, other.only_theirs, other.p_value) == (found.only_theirs, found.only_ours, found.p_value)


def test_runs_that_agree_on_all() -> None:
    assert mcnemar_test(np.array([1, 0, 1]), np.array([1, 0, 1])) == McNemar(0, 0, 1.0)
    assert mcnemar_test(np.array([]), np.array([])).p_value == 1.0


def test_large_counts() -> None:
    ours = np.repeat([1, 0], [3000, 2000])
    assert 0 < mcnemar_test(ours, 1 - ours).p_value < 1e-40


@pytest.mark.parametrize("bad", [2.0, 0.5, -1.0, float("nan")])
def test_right_is_one_and_wrong_is_zero(bad: float) -> None:
    with pytest.raises(ValueError, match="right is 1 and wrong is 0"):
        mcnemar_test(np.array([1.0, bad]), np.array([1.0, 0.0]))


@pytest.mark.parametrize("shapes", [((3,), (4,)), ((2, 3), (2, 3)), ((), ())])
def test_shapes(shapes: tuple[tuple[int, ...], tuple[int, ...]]) -> None:
    with pytest.raises(ValueError, match="one row of samples each"):
        mcnemar_test(*map(np.ones, shapes))
