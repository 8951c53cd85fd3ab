from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    "heavy", ["torch", "pandas", "numpy", "scipy", "yaml", "provbench.benchmarks", "provbench.suites"]
)
def test_importing_results_imports_little(heavy: str, imported: set[str]) -> None:
    assert heavy not in imported


@pytest.fixture(scope="module")
def imported() -> set[str]:
    """The modules of a process that has imported the package."""
    code = "import provbench.results, sys; print('\\n'.join(sys.modules))"
    return set(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split())
