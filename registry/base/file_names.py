"""Names of files for any texts: methods, tables, tasks and samples may be called anything."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from hashlib import sha256
from pathlib import PurePosixPath

LONGEST = 80

_PLAIN = re.compile(r"[a-z0-9][a-z0-9+._-]*")
_IMAGE = re.compile(r"\.(jpe?g|png)$", re.IGNORECASE)


def leads_out(name: str) -> bool:
    """Returns whether a path with forward slashes may lead out of the folder that it is relative to."""
    path = PurePosixPath(name)
    return path.is_absolute() or ".." in path.parts


def file_name(*parts: str) -> str:
    """Returns a file name, without ending, of letters, digits and `+._-`, that begins with a letter or digit.

    Texts that differ have names that differ, also where a file system takes A for a.
    """
    joined = "--".join(parts)
    if all(map(_PLAIN.fullmatch, parts)) and len(joined) <= LONGEST and not any("--" in part for part in parts):
        return joined
    plain = re.sub(r"[^a-z0-9+._-]+", "-", joined.lower()).strip("-.+_")[:LONGEST]
    return f"{plain or 'x'}-{sha256(json.dumps(parts).encode()).hexdigest()[:8]}"


def sample_name(sample: str) -> str:
    """Returns what a sample's id and its picture's file name have in common: `001.A/b_1.jpg` → `001-a-b-1`."""
    return re.sub(r"[^a-z0-9]+", "-", _IMAGE.sub("", sample).lower()).strip("-")[:100].strip("-")


def free_name(sample: str, taken: Iterable[str] = ()) -> str:
    """Returns a sample's id as a file name without ending, of letters, digits, `_` and `-`, that is not taken."""
    name = re.sub(r"[^A-Za-z0-9_]+", "-", _IMAGE.sub("", sample)).strip("-")[:100] or "sample"
    others, number, free = {other.lower() for other in taken}, 2, name  # not all file systems tell A from a
    while free.lower() in others:
        free, number = f"{name}-{number}", number + 1
    return free


def picture_name(name: str) -> str:
    """Returns the name that a task gave a picture as that of a file in one folder, without the ending of an image."""
    return re.sub(r"[^\w.-]+", "_", _IMAGE.sub("", name)).lstrip(".-") or "picture"
