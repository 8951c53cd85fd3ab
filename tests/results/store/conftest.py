"""An empty store to test with, and the names of the files in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from provbench.results import Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "runs")


def files(store: Store, folder: str) -> list[str]:
    return sorted(path.name for path in (store.root / folder).rglob("*") if path.is_file())
