"""Standard output for a command's answer alone: what plugins, libraries and worker processes print goes elsewhere."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from typing import TextIO

import typer

from provbench.registry.base import visible

_reserved: list[TextIO] = []
"""The stream of the answer, while standard output is reserved for it."""


def print_answer(text: str, end: str = "\n") -> None:
    """Print what the command was called for, in a form that others read: JSON, CSV and the like.

    The text is not changed. Whoever makes it keeps control characters out of it, as the form demands.
    """
    print(text, end=end, file=_reserved[-1] if _reserved else sys.stdout, flush=True)


def say(text: str = "", *, end: str = "\n", aside: bool = False) -> None:
    """Print text for people, in which no name or message from elsewhere can steer the terminal.

    aside: it is not the answer, and goes to standard error.
    """
    print(visible(text), end=end, file=sys.stderr if aside else sys.stdout)


def complain(messages: Iterable[str]) -> None:
    """Say what is not the answer, on standard error; nothing where a message is empty."""
    for message in filter(None, messages):
        say(f"provbench: {message}", aside=True)


def reserve_if(context: typer.Context, wanted: bool) -> bool:
    """Keep standard output for `print_answer` where an option asks for it; whatever else is printed goes to stderr.

    That holds for what libraries in C print, for exit hooks, and for processes that are started from now on: the file
    descriptor itself leads to standard error, until the process ends. Where `sys.stdout` was replaced, as in tests,
    only Python's own printing is redirected, until the command ends.
    """
    if wanted and not _reserved:
        stdout, whole_process = sys.stdout, sys.stdout is sys.__stdout__
        _reserved.append(_detached(stdout) if whole_process else stdout)
        sys.stdout = sys.stderr
        if not whole_process:
            context.call_on_close(lambda: _restore(stdout))
    return wanted


def reserve_for(context: typer.Context, format: str) -> str:
    """Reserves standard output as `reserve_if` does, if an option names a format for programs."""
    reserve_if(context, format != "text")
    return format


def _restore(stdout: TextIO) -> None:
    _reserved.clear()
    sys.stdout = stdout


def _detached(stdout: TextIO) -> TextIO:
    """A stream to where `stdout` led, whose own descriptor leads to standard error from now on."""
    stdout.flush()
    answer = os.fdopen(os.dup(stdout.fileno()), "w", encoding=stdout.encoding, errors=stdout.errors)
    os.dup2(sys.stderr.fileno(), stdout.fileno())
    return answer
