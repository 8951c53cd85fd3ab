"""Checksums of a folder that was made from data, so that damage to it is noticed and it can be made again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from .content_digests import content_digest, file_digests
from .errors import MissingDataError

CHECKSUMS = "checksums.json"
"""Size in bytes and SHA-256 of every file of the folder, by its path."""


def write_checksums(folder: Path) -> None:
    """Write down what `folder` holds. Done last, so that a folder without this file is not whole."""
    files = {
        path.relative_to(folder).as_posix(): [path.stat().st_size, content_digest(path)] for path in _files(folder)
    }
    text = json.dumps(files, indent=0, sort_keys=True) + "\n"
    (folder / CHECKSUMS).write_text(text, encoding="utf-8")


def damage(folder: Path, *, reread: bool = False) -> list[str]:
    """Returns one line for each file in `folder` that is missing or is not as it was written; [] if it is whole.

    Sizes are always compared. Contents are read once, and again after a file's size or times have changed; with
    `reread` they are read whatever the times say. Files that were added are no damage.
    """
    try:
        wanted = {str(name): (int(size), str(sha)) for name, (size, sha) in _read(folder).items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return [f"{folder / CHECKSUMS}: is missing or torn, so that nothing tells whether the folder is whole"]
    problems, right = [], []
    for name, (size, _) in wanted.items():
        path = folder / name
        try:
            found = path.stat().st_size
        except OSError:
            problems.append(f"{path}: is missing")
            continue
        if found != size:
            problems.append(f"{path}: has {found} bytes instead of {size}")
        else:
            right.append(path)
    try:
        digests = {path: content_digest(path) for path in right} if reread else file_digests(folder, right)
    except MissingDataError as error:  # it has gone since
        return [*problems, str(error)]
    changed = [path for path in right if digests[path] != wanted[path.relative_to(folder).as_posix()][1]]
    return problems + [f"{path}: has other contents than were written" for path in changed]


def _read(folder: Path) -> dict[str, tuple[int, str]]:
    return json.loads((folder / CHECKSUMS).read_text(encoding="utf-8"))


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file() and path.name != CHECKSUMS)
