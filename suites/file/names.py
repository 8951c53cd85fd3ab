"""Rules for the names of suites, task sections and tables, which also name files and folders."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator

MOST_BYTES = 150
"""Longest name in bytes of UTF-8. File systems allow 255 for a file, and a file being written has a longer name for a
moment.
"""
_NAME = re.compile(r"\w[\w.+-]*")


def _named_well(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError("a name has letters, digits, _ . + and -, and begins with one of the first three")
    if len(name.encode()) > MOST_BYTES:
        raise ValueError(
            f"a name has at most {MOST_BYTES} characters (bytes of UTF-8), and this one has {len(name.encode())}"
        )
    return name


FileName = Annotated[str, AfterValidator(_named_well)]


def shortened(name: str, suffix: str) -> str:
    """Returns `name` and `suffix` in one, with the end of `name` cut off as far as the limit asks for it."""
    room = MOST_BYTES - len(suffix.encode())
    return name.encode()[:room].decode(errors="ignore") + suffix
