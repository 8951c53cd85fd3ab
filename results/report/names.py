"""Names of files for any texts: methods, tables and samples may be called anything."""

from __future__ import annotations

import json
import re
from hashlib import sha256

LONGEST = 80

_PLAIN = re.compile(r"[a-z0-9][a-z0-9+._-]*")

SHEET = "provenance-"
"""How the names of pictures begin that show what a run was trained on, among those that it leaves."""


def file_name(*parts: str) -> str:
    """A file name, without ending, of letters, digits and `+._-`, that begins with a letter or digit.

    Texts that differ have names that differ, also where a file system takes A for a.
    """
    joined = "--".join(parts)
    if all(map(_PLAIN.fullmatch, parts)) and len(joined) <= LONGEST and not any("--" in part for part in parts):
        return joined
    plain = re.sub(r"[^a-z0-9+._-]+", "-", joined.lower()).strip("-.+_")[:LONGEST]
    return f"{plain or 'x'}-{sha256(json.dumps(parts).encode()).hexdigest()[:8]}"


def sample_name(sample: str) -> str:
    """What is left of a sample's id, or of its picture's file name, in both: `001.A/b_1.jpg` → `001-a-b-1`."""
    stem = re.sub(r"\.(jpe?g|png)$", "", sample, flags=re.IGNORECASE)
    return re.sub(r"[^a-z0-9]+", "-", stem.lower()).strip("-")[:100].strip("-")


def is_sheet(name: str) -> bool:
    """Whether a run's picture of that name shows what it was trained on."""
    return name.startswith(SHEET)
