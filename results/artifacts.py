"""What a run leaves beside its record: predictions, weights, pictures."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from .npz import check_npz

FOLDERS = ("checkpoints", "pictures")
"""Those with a folder `<key>` for each run that left something."""


class Artifacts:
    """The files beside the records of an output folder, as paths relative to it. Symbolic links are no files."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._predictions: defaultdict[str, list[Path]] = defaultdict(list)
        for name in _files(root / "predictions"):
            if name.suffix == ".npz" and len(name.parts) == 2:  # <key[:2]>/<key>.<split>.npz
                self._predictions[name.name.partition(".")[0]].append(Path("predictions", name))

    def of(self, key: str) -> list[Path]:
        """A run's files, predictions first."""
        beside = (Path(name, key, file) for name in FOLDERS for file in _files(self.root / name / key))
        return [*self.predictions(key), *sorted(beside)]

    def predictions(self, key: str) -> list[Path]:
        """A run's predictions, `predictions/<key[:2]>/<key>.<split>.npz`, sorted by split."""
        return sorted(self._predictions.get(key, ()))

    def check(self, file: Path) -> None:
        """Raise `DamagedError` where a file that carries checksums, as predictions do, is torn."""
        if file.parts[0] == "predictions":
            check_npz(self.root / file)


def _files(folder: Path, below: Path = Path()) -> Iterator[Path]:
    """The regular files below `folder`, relative to it; those that a killed process left half-written are none."""
    with suppress(FileNotFoundError, NotADirectoryError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from _files(Path(entry.path), below / entry.name)
            elif entry.is_file(follow_symlinks=False) and not entry.name.startswith("."):
                yield below / entry.name
