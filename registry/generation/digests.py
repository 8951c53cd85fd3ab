"""Hashes of values and files that generated images depend on, and the seeds of their parts."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from ..base import content_digest, seed_of


def digest(value: Any) -> str:
    """Returns the SHA-256 (hexadecimal) of a JSON value."""
    return hashlib.sha256(json.dumps(value, ensure_ascii=True, sort_keys=True).encode()).hexdigest()


def folder_digest(folder: Path) -> str:
    """Returns the SHA-256 of the names and contents of all visible files of a folder."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))
    return digest([[path.relative_to(folder).as_posix(), content_digest(path)] for path in files])


def seed(*parts: object) -> int:
    """Returns a seed in [0, 2^63) for what the parts name; it depends on nothing that was drawn before."""
    return seed_of("generation", *parts, bits=63)
