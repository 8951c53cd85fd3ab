"""SHA-256 of files, computed once and remembered for as long as a file looks unchanged."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from .atomic import atomic_path, is_temporary, real_children
from .derived import derived_folder, derived_folders
from .errors import MissingDataError, UserError

CACHE = ".digests"
"""Folder of the caches, in the folder for what is derived from the data."""
SETTLED_NS = 2_000_000_000
"""A file that changed less than two seconds before it was read may change again without another time of change: its
digest is not remembered."""

CachedDigest = list[int | str]
"""Size in bytes, times of the last change of contents and of the inode in nanoseconds, SHA-256 (hexadecimal)."""


def file_digests(root: Path, paths: Iterable[Path]) -> dict[Path, str]:
    """SHA-256 (hexadecimal) of the contents of each path, all of which lie under `root`.

    Digests are cached in a file next to `root` (`derived_folder` says where if that is read-only). A file is read
    again when its size or one of its times has changed; where the cache cannot be written, it is read every time.
    Raises `MissingDataError` naming a file that is not there.
    """
    cache = _cache_file(root)
    known = _read_cache(cache)
    digests: dict[Path, str] = {}
    fresh: dict[str, CachedDigest] = {}
    for path in dict.fromkeys(paths):
        name = path.relative_to(root).as_posix()
        before = _look(path)
        entry = known.get(name)
        if entry is not None and entry[:3] == before:
            digests[path] = str(entry[3])
            continue
        digests[path] = content_digest(path)
        if before == _look(path) and time.time_ns() - max(before[1:]) > SETTLED_NS:
            fresh[name] = [*before, digests[path]]
    if fresh and cache is not None:
        _write_cache(cache, {**known, **fresh})
    return digests


def digest_leftovers(folder: Path) -> list[Path]:
    """Returns what killed processes were writing into the caches of what lies in `folder`."""
    caches = [place / CACHE for place in derived_folders(folder)]
    return [path for cache in caches for path in real_children(cache) if is_temporary(path.name)]


def content_digest(path: Path) -> str:
    """SHA-256 (hexadecimal) of a file's contents. Raises `MissingDataError` where there is no such file."""
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except FileNotFoundError:
        raise MissingDataError(f"{path}: no such file") from None


def _look(path: Path) -> list[int]:
    try:
        status = path.stat()
    except FileNotFoundError:
        raise MissingDataError(f"{path}: no such file") from None
    return [status.st_size, status.st_mtime_ns, status.st_ctime_ns]


def _cache_file(root: Path) -> Path | None:
    with suppress(UserError):
        own = hashlib.sha256(os.fsencode(root.resolve())).hexdigest()[:8]
        return derived_folder(root.parent) / CACHE / f"{root.name}-{own}.json"
    return None


def _read_cache(path: Path | None) -> dict[str, CachedDigest]:
    """Returns the cached digests; an empty mapping if the file is missing or torn."""
    try:
        content = json.loads(path.read_text(encoding="utf-8")) if path else {}
    except (OSError, ValueError, RecursionError):
        return {}
    if not isinstance(content, dict):
        return {}
    return {name: entry for name, entry in content.items() if isinstance(entry, list) and len(entry) == 4}


def _write_cache(path: Path, entries: dict[str, CachedDigest]) -> None:
    with suppress(OSError), atomic_path(path) as temporary:  # a full disk, say: it is but a cache
        temporary.write_text(json.dumps(entries), encoding="utf-8")
