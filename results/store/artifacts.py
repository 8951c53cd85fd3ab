"""Artifacts of a run: predictions, weights and pictures next to its record."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

from provbench.registry.base import real_files

from .npz import read_npz

FOLDERS = ("checkpoints", "pictures")
"""Those with a folder `<key>` for each run that left something."""

_PREDICTIONS = re.compile(r"predictions/(?P<folder>..)/(?P<key>(?P=folder)[0-9A-Za-z_-]{0,98})\.[^\W\d_]+\.npz")


class Artifacts:
    """Lists the files that belong to the records of an output folder, as paths relative to it. Symbolic links are no
    files.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._predictions: defaultdict[str, list[Path]] = defaultdict(list)
        for file in real_files(root, "predictions"):
            name = _PREDICTIONS.fullmatch(file.as_posix())
            if name is not None:
                self._predictions[name["key"]].append(file)

    def of(self, key: str) -> list[Path]:
        """A run's files, predictions first."""
        beside = (file for name in FOLDERS for file in real_files(self.root, Path(name, key)))
        return [*self.predictions(key), *sorted(beside)]

    def predictions(self, key: str) -> list[Path]:
        """A run's predictions, `predictions/<key[:2]>/<key>.<split>.npz`, sorted by split."""
        return sorted(self._predictions.get(key, ()))

    def check(self, file: Path) -> None:
        """Raise `DamagedError` where a file of predictions is torn, or holds what no run predicts."""
        if file.parts[0] == "predictions":
            read_npz(self.root / file)
