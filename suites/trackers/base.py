"""The tracker contract, and the observer that keeps a tracker's failures away from the runs."""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path

from ...registry import Plugin
from ...results.record import RunRecord
from ..observer import Observer
from ..spec import RunSpec


class TrackerWarning(UserWarning):
    """A tracker failed, and is not told of the rest."""


class Tracker(Plugin, ABC):
    """Mirrors records somewhere. Being told of a record twice must leave one copy."""

    @abstractmethod
    def open(self, folder: Path) -> None:
        """Begin. folder: the tracker's own, below the output folder; it need not exist."""

    @abstractmethod
    def log(self, spec: RunSpec, record: RunRecord) -> None:
        """Mirror a record under the names that the suite at hand gives it, `spec`'s."""

    def close(self) -> None:
        """Nothing more comes."""


class Tracking(Observer):
    """Tells trackers of every record, also of those found finished; drops one that fails, with a `TrackerWarning`."""

    def __init__(self, trackers: Sequence[Tracker], folder: Path) -> None:
        self._open = list(trackers)
        for tracker in list(self._open):
            self._guarded(tracker, lambda tracker=tracker: tracker.open(folder / tracker.name))

    def finished(self, spec: RunSpec, record: RunRecord, cached: bool) -> None:
        for tracker in list(self._open):
            self._guarded(tracker, lambda tracker=tracker: tracker.log(spec, record))

    def close(self) -> None:
        for tracker in list(self._open):
            self._guarded(tracker, tracker.close)

    def _guarded(self, tracker: Tracker, call: Callable[[], None]) -> None:
        try:
            call()
        except Exception as error:
            self._open.remove(tracker)
            message = f"tracker {tracker.name} failed ({type(error).__name__}: {error}); it is told nothing more"
            warnings.warn(message, TrackerWarning, stacklevel=2)
