"""Descriptions of what surrounds targets, in a file beside the images."""

from __future__ import annotations

from pathlib import Path

import pytest

from provbench.benchmarks.common import read_captions, write_captions
from provbench.registry import UserError


def test_what_is_written_is_read(tmp_path: Path) -> None:
    captions = {"a/1.jpg": {"background": 'Sky, "clear".', "pose": "flying"}, "b.jpg": {"background": "", "pose": "x"}}
    write_captions(tmp_path / "captions.tsv", captions)

    assert read_captions(tmp_path / "captions.tsv") == {**captions, "b.jpg": {"pose": "x"}}
    assert read_captions(tmp_path / "none.tsv") == {}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("file\tpose\n", r":1: expected a column 'image'"),
        ("image\tpose\na\n", r":2: expected 2 fields"),
        ("image\tpose\na\tx\na\ty\n", r":3: 'a' is listed twice"),
    ],
)
def test_wrong_files_are_refused(tmp_path: Path, text: str, complaint: str) -> None:
    (tmp_path / "captions.tsv").write_text(text)

    with pytest.raises(UserError, match=complaint):
        read_captions(tmp_path / "captions.tsv")
