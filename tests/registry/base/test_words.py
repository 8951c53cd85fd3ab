"""Quantities in words."""

from __future__ import annotations

from math import inf, nan

import pytest

from provbench.registry.base import duration


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.21, "0.2 s"), (41.4, "41 s"), (150, "2.5 min"), (4680, "1.3 h"), (nan, "–")]
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0.0 s"), (9.9, "9.9 s"), (10, "10 s"), (60, "1.0 min"), (3600, "1.0 h"), (360000, "100.0 h"), (inf, "–")],
)
def test_durations_at_the_limits_of_their_units(seconds: float, text: str) -> None:
    assert duration(seconds) == text
