"""The command line in this process: what a test that calls it often can afford."""

from __future__ import annotations

import sys
import warnings
from typing import NamedTuple

import pytest

from provbench.tools.cli import main


class Ended(NamedTuple):
    """How a command ended."""

    returncode: int
    stdout: str
    stderr: str


def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: object) -> Ended:
    """Run `provbench` with these arguments, in the current folder."""
    monkeypatch.setattr(sys, "argv", ["provbench", *map(str, arguments)])
    monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)  # which the command line replaces
    monkeypatch.setenv("COLUMNS", "200")
    for name in ("PROVBENCH_OUT", "PROVBENCH_DATA"):
        monkeypatch.delenv(name, raising=False)
    capsys.readouterr()
    with pytest.raises(SystemExit) as ended:
        main()
    code, printed = ended.value.code, capsys.readouterr()
    return Ended(code if isinstance(code, int) else int(code is not None), printed.out, printed.err)
