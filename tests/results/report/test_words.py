from __future__ import annotations

import pytest

from provbench.results.report.words import mean_and_rest, number, value_text


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
