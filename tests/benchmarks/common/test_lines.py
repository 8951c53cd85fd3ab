from pathlib import Path

import pytest

from provbench.benchmarks.common.lines import read_lines, read_table
from provbench.registry import MissingDataError, UserError


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "boxes.txt"


def test_fields_by_name_with_their_line_numbers(file: Path) -> None:
    file.write_text("a.jpg,1\n\n b.jpg , 2\r\nc d.jpg,3")
    lines = list(read_lines(file, ("image", "label")))

    assert [(line["image"], line.integer("label"), line.number) for line in lines] == [
        ("a.jpg", 1, 1),
        ("b.jpg", 2, 3),
        ("c d.jpg", 3, 4),
    ]


def test_white_space_separates_too(file: Path) -> None:
    file.write_text("1 60.0  27.5\n")
    (line,) = read_lines(file, ("number", "x", "y"), None)

    assert (line.integer("number"), line.decimal("x"), line.decimal("y")) == (1, 60.0, 27.5)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a.jpg", r"boxes\.txt:1: expected 2 fields, image, label \(got 'a\.jpg'\)"),
        ("a.jpg,1,2", r"boxes\.txt:1: expected 2 fields"),
        ("a.jpg,0\nb.jpg,one", r"boxes\.txt:2: label must be a whole number \(got 'one'\)"),
        ("a.jpg,1.0", r"boxes\.txt:1: label must be a whole number \(got '1\.0'\)"),
        ("a.jpg,-1", r"boxes\.txt:1: label must be at least 0 \(got -1\)"),
        ("a.jpg,200", r"boxes\.txt:1: label must be at most 199 \(got 200\)"),
    ],
)
def test_what_is_wrong_is_said_with_file_and_line(file: Path, text: str, message: str) -> None:
    file.write_text(text)

    with pytest.raises(UserError, match=message):
        [line.integer("label", 0, 199) for line in read_lines(file, ("image", "label"))]


@pytest.mark.parametrize(("value", "message"), [("x", "must be a number"), ("nan", "finite"), ("inf", "finite")])
def test_decimals_are_finite_numbers(file: Path, value: str, message: str) -> None:
    file.write_text(value)
    (line,) = read_lines(file, ("width",))

    with pytest.raises(UserError, match=rf"boxes\.txt:1: width .*{message}.*'{value}'"):
        line.decimal("width")


def test_missing_and_binary_files(file: Path) -> None:
    with pytest.raises(MissingDataError, match=r"boxes\.txt: no such annotation file"):
        list(read_lines(file, ("image",)))
    file.write_bytes(b"good\nbad \xff\n")
    with pytest.raises(UserError, match=r"boxes\.txt:2: the file must be UTF-8"):
        list(read_lines(file, ("image",)))


def test_a_table_is_read_by_its_header(file: Path) -> None:
    file.write_text('id,file name,y\n1,"a, b.jpg",0\n\n2,c.jpg,1\n')
    rows = list(read_table(file, ("y", "file name")))

    assert [(row["file name"], row.integer("y"), row.number) for row in rows] == [("a, b.jpg", 0, 2), ("c.jpg", 1, 4)]
    assert list(rows[0].fields) == ["y", "file name"]


def test_tables_that_do_not_fit(file: Path) -> None:
    file.write_text("id,place,y\n1,2\n")
    with pytest.raises(UserError, match=r"boxes\.txt:1: the header has no column 'places': did you mean 'place'"):
        list(read_table(file, ("places",)))
    with pytest.raises(UserError, match=r"boxes\.txt:2: expected 3 columns \(got 2\)"):
        list(read_table(file, ("place",)))
    file.write_text("")
    with pytest.raises(UserError, match="no column 'place'"):
        list(read_table(file, ("place",)))
