"""No file hangs or breaks the reader: whatever is wrong, the complaint has the file and the line."""

from __future__ import annotations

from pathlib import Path

import pytest

from provbench.registry import UserError
from provbench.suites.file.yaml_file import MOST_BYTES, load_yaml


def complaint(tmp_path: Path, content: str | bytes) -> str:
    path = tmp_path / "s.yaml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(UserError) as raised:
        load_yaml(path)
    words = str(raised.value)
    assert words.startswith(f"{path}:")
    return words.removeprefix(f"{path}:")


BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{chr(98 + i)}: &{chr(98 + i)} [{','.join(['*' + chr(97 + i)] * 9)}]\n" for i in range(9)
)
MERGED = "a: &a {x: 1}\n" + "".join(
    f"{chr(98 + i)}: &{chr(98 + i)} {{<<: [{','.join(['*' + chr(97 + i)] * 9)}]}}\n" for i in range(9)
)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (BOMB, "100000 keys and values"),
        (MERGED, "100000 keys and values"),
        ("x: 1\na: &a [*a]\n", "2:4: not valid YAML: an alias stands within what it names"),
        ("x: 1\na: &a {b: *a}\n", "2:4: not valid YAML: an alias stands within what it names"),
        ("x: 1\na: " + "[" * 900 + "]" * 900, "more than 50 levels of nesting"),
        ("x: 1\na: " + "{b: " * 900 + "}" * 900, "more than 50 levels of nesting"),
        ("x: 1\na: " + "9" * 5000, "2:4: not valid YAML: an integer of more than 300 digits"),
        ("x: 1\na: 0x" + "f" * 5000, "2:4: not valid YAML: an integer of more than 300 digits"),
        ("x: 1\na: 2024-13-45", "2:4: not valid YAML: '2024-13-45' cannot be read as a date"),
        ("x: 1\na: !!int abc", "2:4: not valid YAML: 'abc' cannot be read as an integer"),
        ("x: 1\na: !!float abc", "2:4: not valid YAML: 'abc' cannot be read as a number"),
        ("x: 1\na: !!bool abc", "2:4: not valid YAML: 'abc' cannot be read as true or false"),
        ("x: 1\na: !!timestamp foo", "2:4: not valid YAML: 'foo' cannot be read as a date"),
        ("x: 1\na: !!int []", "2:4: not valid YAML"),
        ("x: 1\n# \0", "2: not valid YAML: the character U+0000 may not stand in a file"),
        ("x: 1\n# \7", "2: not valid YAML: the character U+0007 may not stand in a file"),
        ('x: 1\na: "\\ud83e\\udd9c"', "2:4: not valid YAML: half a character"),
        ('x: 1\n"\\ud83e": 1', "2:1: not valid YAML: half a character"),
        (b"x: 1\na: \xff", "2: is not UTF-8 text (byte 0xff)"),
        ("x: 1\n\ta: 1", "2:1: not valid YAML: found character '\\t'"),
        ("x: 1\nx: 2", "2: 'x' is given twice"),
        ("x: 1\na: {b: 1, b: 2}", "2: 'b' is given twice"),
        ("x: 1\n? [a]\n: 2", "2:3: not valid YAML: a key must be a name"),
        ("x: 1\na: *nowhere", "2:4: not valid YAML: found undefined alias"),
        ("x: 1\n---\ny: 1", "not valid YAML"),
        ("x: 1\na: !!python/name:os.system", "not valid YAML: could not determine a constructor"),
    ],
)
def test_what_cannot_be_read_is_named_with_its_line(tmp_path: Path, content: str | bytes, words: str) -> None:
    assert words in complaint(tmp_path, content)


def test_a_large_file_and_a_missing_one_are_refused(tmp_path: Path) -> None:
    (tmp_path / "large.yaml").write_text("#" * (MOST_BYTES + 1))
    with pytest.raises(UserError, match=r"large\.yaml: is larger than 256 KiB"):
        load_yaml(tmp_path / "large.yaml")
    with pytest.raises(UserError, match=r"gone\.yaml: cannot be read: No such file"):
        load_yaml(tmp_path / "gone.yaml")


def test_anchors_and_merge_keys_are_read(tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    path.write_bytes("\ufeffa: &a {x: 1, y: 2}\nb: {<<: *a, y: 3}\nc: [*a, *a]\n".encode())
    data, lines = load_yaml(path)
    assert data == {"a": {"x": 1, "y": 2}, "b": {"x": 1, "y": 3}, "c": [{"x": 1, "y": 2}] * 2}
    assert lines[("c",)] == 3
    assert lines["b", "y"] == 2
