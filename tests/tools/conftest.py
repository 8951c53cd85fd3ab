"""The command line, run as a user runs it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def provbench(tmp_path: Path) -> Run:
    """Run `provbench` in an empty folder."""

    def run(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "provbench.tools.cli", *map(str, arguments)]
        wide = {"COLUMNS": "200", "PROVBENCH_OUT": "", "PROVBENCH_DATA": ""}
        settings = {**os.environ, **wide, **environment}
        for name in ("PROVBENCH_OUT", "PROVBENCH_DATA"):
            if not settings[name]:
                del settings[name]
        return subprocess.run(command, cwd=tmp_path, env=settings, capture_output=True, text=True, timeout=300)

    return run
