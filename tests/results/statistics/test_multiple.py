from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from statsmodels.stats.multitest import multipletests

from provbench.results.statistics import holm

p_values = st.lists(st.none() | st.floats(0, 1), max_size=8)


def test_by_hand() -> None:
    # in order: 4 · 0.005 = 0.02; 3 · 0.01 = 0.03; 2 · 0.03 = 0.06; 1 · 0.04, but not below 0.06
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


def test_none_does_not_count() -> None:
    assert holm([None, 0.01, None, 0.03]) == [None, pytest.approx(0.02), None, pytest.approx(0.03)]
    assert holm([None]) == [None]
    assert holm([]) == []


def test_nothing_is_above_one() -> None:
    assert holm([0.9, 0.8, 0.7]) == [1.0, 1.0, 1.0]


@settings(max_examples=20)
@given(p_values)
def test_as_statsmodels(raw: list[float | None]) -> None:
    known = [p for p in raw if p is not None]
    expected = np.asarray(multipletests(known, method="holm")[1]) if known else np.array([])
    assert [p for p in holm(raw) if p is not None] == pytest.approx(expected.tolist())
    assert [p is None for p in holm(raw)] == [p is None for p in raw]


@pytest.mark.parametrize("bad", [float("nan"), -0.1, 1.1])
def test_p_values_are_probabilities(bad: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        holm([0.5, bad])
