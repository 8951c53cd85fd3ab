"""Verbosity: what the command line prints beside results, warnings and errors, by `--quiet` and `--verbose`."""

from __future__ import annotations

import logging
import time
from enum import Enum

from .answer import say

LOGGER = "provbench"
"""Name of the logger that every module's own is below."""


class Verbosity(Enum):
    QUIET = "quiet"
    """Results, warnings and errors only."""
    NORMAL = "normal"
    """Also progress, and notes on what was done."""
    VERBOSE = "verbose"
    """Also what is read, keys of runs, times, and the tracebacks of errors in the input."""


class _Chosen:
    verbosity = Verbosity.NORMAL


class _Handler(logging.Handler):
    """Prints records on the standard error, with the seconds since the command began."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self._began = time.monotonic()

    def emit(self, record: logging.LogRecord) -> None:
        seconds = time.monotonic() - self._began
        say(f"provbench: {seconds:7.2f} s  {record.name.removeprefix(f'{LOGGER}.')}: {record.getMessage()}", aside=True)


def choose(verbosity: Verbosity) -> None:
    """Has this process print so much from now on."""
    _Chosen.verbosity = verbosity
    logger = logging.getLogger(LOGGER)
    for handler in [one for one in logger.handlers if isinstance(one, _Handler)]:
        logger.removeHandler(handler)
    logger.setLevel(logging.DEBUG if verbosity is Verbosity.VERBOSE else logging.NOTSET)
    if verbosity is Verbosity.VERBOSE:
        logger.addHandler(_Handler())


def quiet() -> bool:
    """Returns whether progress and notes are left out."""
    return _Chosen.verbosity is Verbosity.QUIET


def verbose() -> bool:
    """Returns whether tracebacks are printed."""
    return _Chosen.verbosity is Verbosity.VERBOSE


def note(text: str) -> None:
    """Say something that is neither a result nor a warning, on standard error; nothing where the user wants quiet."""
    if not quiet():
        say(text, aside=True)
