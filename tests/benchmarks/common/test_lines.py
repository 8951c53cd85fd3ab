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


@pytest.mark.parametrize("inside", ["\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\x1c", "\xa0"])
def test_lines_end_at_line_feeds_only(file: Path, inside: str) -> None:
    file.write_bytes(f"image,y\r\na{inside}b.jpg,1\n{inside}c.jpg,2\n".encode())
    rows = [(row["image"], row["y"], row.number) for row in read_table(file, ("image", "y"))]
    assert rows == [(f"a{inside}b.jpg", "1", 2), (f"{inside}c.jpg", "2", 3)]
    assert [line["image"] for line in read_lines(file, ("image", "y"))][1:] == [f"a{inside}b.jpg", f"{inside}c.jpg"]

    file.write_bytes(f"a{inside}b \t1\r\n".encode())
    (line,) = read_lines(file, ("image", "y"), None)
    assert (line["image"], line["y"]) == (f"a{inside}b", "1")


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ('a,1\n"b,2\nc,3\n', r"boxes\.txt:3: .*a quote is never closed \(got '\"b,2'\)"),
        ('a,1\n"b,2\nc,3\n"d,4\n', r"boxes\.txt:3: .*a quote is never closed"),
        ('a,1\n"b"c,2\n', r"boxes\.txt:3: no row of a CSV file, ',' expected after '\"'"),
        (f"a,1\n{'b' * 140_000},2\n", r"boxes\.txt:3: .*field larger than field limit .*b…'\)$"),
        ("a\rb,1\n", r"boxes\.txt:2: no row of a CSV file"),
    ],
)
def test_broken_quotes_are_named_by_their_line(file: Path, rows: str, message: str) -> None:
    file.write_bytes(f"image,y\n{rows}".encode())
    with pytest.raises(UserError, match=message):
        list(read_table(file, ("image", "y")))


def test_a_mark_of_the_byte_order_is_no_part_of_a_name(file: Path) -> None:
    file.write_bytes("\ufeffimage,y\na,1\n".encode())
    assert [row["image"] for row in read_table(file, ("image",))] == ["a"]


def test_a_column_that_is_there_twice_is_refused(file: Path) -> None:
    file.write_text("image,y,image\na,1,b\n")
    with pytest.raises(UserError, match=r"boxes\.txt:1: the header has column 'image' twice"):
        list(read_table(file, ("image",)))
    assert [row["y"] for row in read_table(file, ("y",))] == ["1"]
