"""Training images in a folder for an image editor, numbered, with the mapping that its edits are found by."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from ..base import UserError, writable
from ..contracts import TrainingSet
from .edits import MAPPING, write_mapping


def export_images(data: TrainingSet, to: Path, progress: Callable[[int, int], None]) -> int:
    """Write each training image to `to` as `{number}.png`, counted from 0, and `mapping.csv`; return their number.

    An editor's results, named `{number}-{edit}.png`, and the mapping belong into `edits/NAME` of the data set's own
    folder, where `edited-images` takes them in. `to` is filled whole or not at all. Raises `UserError` where it holds
    anything already or cannot be written.
    """
    if to.exists() and (not to.is_dir() or any(to.iterdir())):
        raise UserError(f"{to}: is not an empty folder: give --to one that is empty, or does not exist")
    if not writable(to.parent):
        raise UserError(f"{to}: cannot be written: give --to another folder")
    to.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=f".{to.name}-", dir=to.parent))
    try:
        write_mapping(fresh / MAPPING, _write_images(data, fresh, progress))
        fresh.chmod(0o755)
        fresh.replace(to)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return len(data)


def _write_images(data: TrainingSet, folder: Path, progress: Callable[[int, int], None]) -> dict[str, str]:
    """Source by file name."""
    from PIL import Image

    rows = {}
    for index in range(len(data)):
        name = f"{index:06d}.png"
        Image.fromarray(data.image(index)).save(folder / name)
        rows[name] = data.sample_id(index)
        progress(index + 1, len(data))
    return rows
