"""Digests of files for which nobody published one: pinned when they are first fetched, in a file beside the data."""

from __future__ import annotations

from pathlib import Path

import yaml

from provbench.registry.base import UserError, atomic_file

NAME = "pinned-digests.yaml"
HEADING = (
    "# SHA-256 of files whose digests nobody published, as they were first fetched here. Remove a line to trust anew.\n"
)


def pinned(folder: Path) -> dict[str, str]:
    """Returns SHA-256 by file name. Raises `UserError` for a file that is not what `pin` writes."""
    path = folder / NAME
    if not path.is_file():
        return {}
    content = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    if not isinstance(content, dict) or any(len(str(value)) != 64 for value in content.values()):
        raise UserError(f"{path}: expected lines of NAME: SHA-256; mend or remove it")
    return {str(name): str(value) for name, value in content.items()}


def pin(folder: Path, name: str, sha256: str) -> None:
    """Adds a digest."""
    content = {**pinned(folder), name: sha256}
    with atomic_file(folder / NAME) as file:
        file.write((HEADING + yaml.safe_dump(content, sort_keys=True)).encode())
