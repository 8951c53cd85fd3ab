"""Fixtures that every test may use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of the real annotation files; tests that read them are skipped where it is absent."""
    folder = Path(os.environ.get("PROVBENCH_SHARED_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip("the folder of real annotation files is not here (PROVBENCH_SHARED_DATA)")
    return folder
