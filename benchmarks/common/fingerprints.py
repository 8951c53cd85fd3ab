"""A hash of the data that a task reads."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable
from pathlib import Path

from provbench.registry.base import MissingDataError

logger = logging.getLogger(__name__)


def fingerprint(root: Path, annotation_files: Iterable[Path], image_paths: Iterable[Path]) -> str:
    """SHA-256 (hexadecimal) of the annotation files' contents and of the images' names and sizes in bytes.

    Paths count as they are relative to `root`, so that moving the data changes nothing, and neither does the order in
    which files are listed, nor how often. Pixels are not read: `verify` does that.
    Raises `MissingDataError` naming the first file that is not there, `ValueError` for a path outside `root`.
    """
    entries = {f"annotation {_relative(path, root)} {_content(path)}" for path in annotation_files}
    entries |= {f"image {_relative(path, root)} {_bytes(path)}" for path in image_paths}
    found = hashlib.sha256("\n".join(sorted(entries)).encode()).hexdigest()
    logger.debug("read annotations and names of %d files in %s: fingerprint %s", len(entries), root, found)
    return found


def _relative(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix()


def _content(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except FileNotFoundError:
        raise MissingDataError(f"{path}: no such annotation file") from None


def _bytes(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        raise MissingDataError(f"{path}: no such image file") from None
