"""The mapping file of edited images."""

from __future__ import annotations

from pathlib import Path

import pytest

from provbench.registry import UserError
from provbench.registry.synthesizers.edits import read_mapping, write_mapping


def test_a_mapping_is_read_as_it_was_written(tmp_path: Path) -> None:
    rows = {"0.png": 'a "b", c.jpg', "1.png": "d\u2028e.jpg"}
    write_mapping(tmp_path / "mapping.csv", rows)
    assert read_mapping(tmp_path / "mapping.csv") == rows


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ('edit,source\n0.png,a.jpg\n"1.png,b.jpg\n2.png,"c.jpg\n', r"mapping\.csv:3: .*a quote is never closed"),
        ("edit,from\n0.png,a.jpg\n", r"mapping\.csv:1: must have the columns edit,source"),
        ("edit,source\n0.png\n", r"mapping\.csv:2: one edit and one source wanted \(got '0\.png' and None\)"),
        ("edit,source\n0.png,a.jpg,b.jpg\n", r"mapping\.csv:2: one edit and one source wanted"),
        ("edit,source\n0.png,a.jpg\n0.png,b.jpg\n", r"mapping\.csv:3: edit '0\.png' has another source already"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(tmp_path: Path, rows: str, message: str) -> None:
    (tmp_path / "mapping.csv").write_text(rows)
    with pytest.raises(UserError, match=message):
        read_mapping(tmp_path / "mapping.csv")
