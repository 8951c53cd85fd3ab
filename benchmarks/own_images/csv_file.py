"""Reader of the CSV file in which users list their images."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from provbench.registry.base import UserError, csv_rows, leads_out, nearest

from ..common import Box
from .items import ALIASES, Item, Listing

REQUIRED = ("file", "label")
OPTIONAL = ("split", "group", "box", "mask", "caption")
COLUMNS = (*REQUIRED, *OPTIONAL)
BOX = re.compile(r"\s*(\d+)[ ,]+(\d+)[ ,]+(\d+)[ ,]+(\d+)\s*")


def read_csv(root: Path, path: Path) -> Listing:
    """Returns the rows of the file, in its order; those that cannot be right are left out and complained of.

    root: the folder that the file names are relative to. Raises `MissingDataError` where there is no such file, and
    `UserError` where its header is wrong, or it is no CSV file.
    """
    rows = csv_rows(path)
    header = _header(path, next(rows, (1, []))[1])
    items: dict[str, Item] = {}
    problems: list[str] = []
    for number, row in rows:
        where = f"{path}:{number}"
        if len(row) != len(header):
            problems.append(f"{where}: expected {len(header)} columns, {', '.join(header)} (got {len(row)})")
            continue
        item, wrong = _item(root, where, {name: value.strip() for name, value in zip(header, row, strict=True)})
        if item.file in items:
            wrong.append(f"{where}: file {item.file!r} is listed already: {items[item.file].where}; remove one of them")
        problems += wrong
        if not wrong:
            items[item.file] = item
    found = list(items.values())
    problems += _gaps(found, header)
    if not found and not problems:
        problems.append(f"{path}: lists no image: add a row for each, below the header {','.join(header)}")
    return Listing(found, problems)


def _header(path: Path, row: list[str]) -> list[str]:
    header = [name.strip() for name in row]
    problems = [
        f"{path}:1: unknown column {name!r}{nearest(name, COLUMNS)} Remove it, or rename it"
        for name in header
        if name not in COLUMNS
    ]
    problems += [
        f"{path}:1: has column {name!r} twice: remove one" for name in dict.fromkeys(header) if header.count(name) > 1
    ]
    problems += [f"{path}:1: has no column {name!r}: add it" for name in REQUIRED if name not in header]
    if problems:
        raise UserError("\n".join(problems))
    return header


def _item(root: Path, where: str, row: Mapping[str, str]) -> tuple[Item, list[str]]:
    """Returns the image of a row, and what is wrong with the row."""
    split, boxes = row.get("split", "").casefold(), row.get("box", "")
    problems = [*_file_problems(root, where, "file", row["file"])]
    if row.get("mask"):
        problems += _file_problems(root, where, "mask", row["mask"])
    if not row["label"]:
        problems.append(f"{where}: label is empty: name the image's class")
    if split and split not in ALIASES:
        problems.append(f"{where}: split must be train, val or test, or empty in all rows (got {row['split']!r})")
    try:
        found = _boxes(boxes)
    except ValueError as error:
        problems.append(f"{where}: box {error} (got {boxes!r})")
        found = ()
    item = Item(
        file=row["file"],
        label=row["label"],
        where=where,
        split=ALIASES.get(split),
        group=row.get("group", ""),
        boxes=found,
        mask=row.get("mask", ""),
        caption=row.get("caption", ""),
    )
    return item, problems


def _file_problems(root: Path, where: str, column: str, name: str) -> Iterator[str]:
    if not name or leads_out(name):
        yield f"{where}: {column} must be a path inside {root} (got {name!r})"
    elif not (root / name).is_file():
        yield f"{where}: {column} {name!r}: no such file in {root}: put it there, or remove the row"


def _boxes(text: str) -> tuple[Box, ...]:
    """Returns the boxes that a field lists, such as `10 20 59 79` or, of two, `10 20 59 79; 0 0 9 9`."""
    boxes = []
    for part in text.split(";") if text else ():
        match = BOX.fullmatch(part)
        if match is None:
            raise ValueError("must be whole pixels x0 y0 x1 y1, both corners inclusive, boxes apart by semicolons")
        x0, y0, x1, y1 = map(int, match.groups())
        if x1 < x0 or y1 < y0:
            raise ValueError("must have x0 <= x1 and y0 <= y1")
        boxes.append((x0, y0, x1, y1))
    return tuple(boxes)


def _gaps(items: list[Item], header: list[str]) -> Iterator[str]:
    """Yields a complaint about a column that some rows fill and others do not, where all rows need it or none."""
    for column in ("split", "group"):
        empty = [item for item in items if not getattr(item, column)]
        if column in header and empty and len(empty) < len(items):
            yield (
                f"{empty[0].where}: {column} is empty, and so it is in {len(empty)} of {len(items)} rows: fill it in "
                "all rows, or in none"
            )
