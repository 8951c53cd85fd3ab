"""Images of a user's own as a CSV file or folders list them, with every complaint about them gathered."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from provbench.registry.base import UserError

from ..common import Box, Split

ALIASES: dict[str, Split] = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "dev": "val",
    "test": "test",
    "testing": "test",
}
"""Names of the splits as CSV files and folders spell them, in lower case."""
SHOWN = 20
"""Complaints that one message lists; `provbench data verify` lists all."""


@dataclass(frozen=True)
class Item:
    """One image, before its label has a number.

    file, mask: paths under the data set's folder, with forward slashes; mask "": none. split: None where it is not
    given. where: the line or the file to name in messages.
    """

    file: str
    label: str
    where: str
    split: Split | None = None
    group: str = ""
    boxes: tuple[Box, ...] = ()
    mask: str = ""
    caption: str = ""


@dataclass(frozen=True)
class Listing:
    """The images that were found, and what is wrong with the others, one line each."""

    items: Sequence[Item]
    problems: Sequence[str] = ()
    notes: Sequence[str] = ()
    """Remarks on what was passed over."""


def require(problems: Iterable[str], where: Path) -> None:
    """Raises `UserError` with all problems, or the first of many, where there are any."""
    found = list(problems)
    if not found:
        return
    lines = found[:SHOWN]
    if len(found) > SHOWN:
        lines.append(f"{where}: and {len(found) - SHOWN} more of the kind")
    raise UserError("\n".join(lines))


def in_order(names: Iterable[str]) -> list[str]:
    """Returns names once each, numbers by their value and before the others."""
    return sorted(set(names), key=lambda name: (0, int(name), name) if name.isdecimal() else (1, 0, name))
