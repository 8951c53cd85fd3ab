"""Small sets in the official layouts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from provbench.benchmarks.fewshot.base import FewImagesTask
from provbench.benchmarks.layouts import Aircraft, Cub, Flowers, MiniSet, mini
from provbench.registry import TASKS
from provbench.registry.task import no_progress

LAYOUTS = {"aircraft": Aircraft, "cub": Cub, "flowers": Flowers}


@pytest.fixture(scope="session")
def data_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten species: 24 training and 8 test images of each; of the flowers 16 and 16."""
    root = tmp_path_factory.mktemp("few")
    for folder, layout in LAYOUTS.items():
        mini.write(root / f"{folder}-mini", layout(), no_progress, MiniSet(train=24, test=8, side=16))
    return root


@pytest.fixture
def build(data_root: Path) -> Callable[..., Any]:
    def make(name: str, root: Path = data_root, **values: Any) -> FewImagesTask:
        task = TASKS.get(name)
        params = task.resolve_params({"image_size": 16, **values}, "mini", "suite.yaml")
        return task(params, variant="mini", data_root=root)

    return make
