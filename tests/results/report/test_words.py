from __future__ import annotations

from math import nan

import pytest

from provbench.registry.base import duration, leaves
from provbench.results.report.words import mean_and_rest, number, value_text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.21, "0.2 s"), (41.4, "41 s"), (150, "2.5 min"), (4680, "1.3 h"), (nan, "–")]
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.1, "0.1"), (1e-05, "1e-05"), (True, "true"), (None, "null"), ([1, 2], "[1, 2]"), ("tiny", "tiny"), ("", '""')],
)
def test_parameters(value: object, text: str) -> None:
    assert value_text(value) == text


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("65.1 ± 0.4 (2) –", ("65.1", " ± 0.4 (2) –")),
        ("65.1 (1)", ("65.1", " (1)")),
        ("–", ("–", "")),
        ("", ("", "")),
    ],
)
def test_a_summary_in_two(text: str, parts: tuple[str, str]) -> None:
    assert mean_and_rest(text) == parts


def test_numbers() -> None:
    assert (number(71.123456), number(None), number(0.0)) == ("71.123", "–", "0")


def test_the_leaves_of_an_identity() -> None:
    identity = {
        "task": {"name": "t", "params": {}},
        "regularizers": [{"name": "gg", "params": {"alpha": 1}}],
        "seed": 0,
    }
    assert dict(leaves(identity)) == {
        "task.name": "t",
        "task.params": {},
        "regularizers.gg.name": "gg",
        "regularizers.gg.params.alpha": 1,
        "seed": 0,
    }
