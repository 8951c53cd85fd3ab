"""How long one attempt of a run may take."""

from __future__ import annotations

import time


class OverTimeError(Exception):
    """A run took longer than it may. That is neither its method's failure nor a fault of the machine."""


class Deadline:
    """Begins when it is made. seconds: from then on; None for no limit."""

    def __init__(self, seconds: float | None) -> None:
        self.seconds = seconds
        self._began = time.monotonic()

    def passed_by(self, grace: float = 0.0) -> bool:
        """Whether the limit was passed `grace` seconds ago."""
        return self.seconds is not None and time.monotonic() - self._began > self.seconds + grace

    def check(self) -> None:
        """Raises `OverTimeError` when the limit is passed."""
        if self.passed_by():
            raise OverTimeError(self.words)

    @property
    def words(self) -> str:
        """What happened, and what can be done about it."""
        return (
            f"over its time limit of {(self.seconds or 0) / 60:g} minutes; it goes on from its last finished epoch "
            "when it is started again, with a higher --time-limit or this one"
        )
