"""A finding: what was examined, what was found, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Level = Literal["ok", "note", "fault"]
"""`note`: something that may matter; `fault`: something with which runs fail."""


@dataclass(frozen=True)
class Finding:
    """subject: a short name, such as `torch`. remedy: what to do; "" where nothing is to be done."""

    subject: str
    level: Level
    found: str
    remedy: str = ""
