"""Durations on the command line."""

from __future__ import annotations

import pytest

from provbench.registry import UserError
from provbench.tools.terminal.durations import seconds_of


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90", 5400), ("90s", 90), ("30m", 1800), ("30 min", 1800), ("2h", 7200), ("1.5d", 129600), (" 1h ", 3600)],
)
def test_units(text: str, seconds: float) -> None:
    assert seconds_of(text) == seconds


def test_no_limit() -> None:
    assert seconds_of(None) is None


@pytest.mark.parametrize("text", ["", "0", "0h", "-1", "two hours", "1:30", "nan", "inf", "1e3", "3 weeks"])
def test_others_are_told(text: str) -> None:
    with pytest.raises(UserError, match=r"--time-limit .*write a time above zero, such as 90"):
        seconds_of(text)
