"""Descriptions of what surrounds the targets of images, in a file beside them: `captions.tsv`. Without torch."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from provbench.registry.base import UserError, numbered_lines

CAPTIONS = "captions.tsv"
"""Name of the file in a data set's folder: a header of `image` and aspects, separated by tabs, then a line an image."""
IMAGE = "image"


def read_captions(path: Path) -> dict[str, dict[str, str]]:
    """Returns the description of each image by aspect, such as `background` and `pose`; {} where there is no file.

    Fields are text without quotes; an empty one says nothing of its aspect. Raises `UserError` with file and line for a
    header without the column `image`, a line with other columns than the header, or an image that is listed twice.
    """
    if not path.is_file():
        return {}
    lines = ((number, text.split("\t")) for number, text in numbered_lines(path) if text.strip())
    _, header = next(lines, (1, []))
    aspects = [name.strip() for name in header]
    if aspects.count(IMAGE) != 1 or len(set(aspects)) != len(aspects) or len(aspects) < 2:
        raise UserError(f"{path}:1: expected a column {IMAGE!r} and others, separated by tabs (got {header})")
    found: dict[str, dict[str, str]] = {}
    for number, fields in lines:
        if len(fields) != len(aspects):
            raise UserError(f"{path}:{number}: expected {len(aspects)} fields, as in the header (got {len(fields)})")
        row = {name: field.strip() for name, field in zip(aspects, fields, strict=True)}
        image = row.pop(IMAGE)
        if image in found:
            raise UserError(f"{path}:{number}: {image!r} is listed twice")
        found[image] = {name: text for name, text in row.items() if text}
    return found


def write_captions(path: Path, captions: Mapping[str, Mapping[str, str]]) -> None:
    """Writes the descriptions of images, all of the same aspects."""
    aspects = list(next(iter(captions.values()), {}))
    rows = [[IMAGE, *aspects], *([image, *(of[name] for name in aspects)] for image, of in captions.items())]
    path.write_text("".join("\t".join(row) + "\n" for row in rows), encoding="utf-8")
