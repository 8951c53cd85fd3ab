"""Errors in the user's input: one clear message, exit code 2, no traceback."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable


class UserError(Exception):
    """Something in the user's hands is wrong. The message names the file, the field, the value and the remedy."""


class MissingDataError(UserError):
    """A data set, an annotation file or a weight file is not where it should be."""


def missing_messages(check: Callable[[], object]) -> list[str]:
    """Returns the message of the `MissingDataError` that `check` raises; [] where it raises none."""
    try:
        check()
    except MissingDataError as error:
        return [str(error)]
    return []


class UnknownNameError(UserError, LookupError):
    """No plugin, suite, metric … of that name; the message lists the nearest ones."""

    def __init__(self, kind: str, name: str, known: Iterable[str], hint: str = "") -> None:
        self.kind, self.name = kind, name
        super().__init__(f"unknown {kind} {name!r}{nearest(name, known)}{hint and f' {hint}'}")

    def __reduce__(self) -> tuple:
        return UserError, self.args  # raised in a worker process, it reaches the driver as its message


_MUCH_LESS = 0.3
"""Difference in likeness to the best guess, from 0 to 1, from which on another name is not guessed too."""


def _likeness(name: str, other: str) -> float:
    return difflib.SequenceMatcher(None, other, name).ratio()


def nearest(name: str, known: Iterable[str]) -> str:
    """`': did you mean 'cutmix'? Known: …'` for an error message."""
    known = sorted(known)
    close = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    close = [match for match in close if _likeness(name, match) > _likeness(name, close[0]) - _MUCH_LESS]
    guess = f": did you mean {' or '.join(repr(match) for match in close)}?" if close else "."
    return f"{guess} Known: {', '.join(known) or 'none'}."
