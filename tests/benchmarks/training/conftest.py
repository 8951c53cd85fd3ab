"""Trainings of a tenth of a second."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from provbench.benchmarks.training.loop import Outcome, train
from provbench.registry import TASKS, load_plugins

HERE = Path(__file__).parent
PLUGINS = (str(HERE.parents[1] / "plugins" / "toy.py"), str(HERE / "steady.py"))

Train = Callable[..., Outcome]


@pytest.fixture(autouse=True, scope="session")
def _plugins() -> None:
    load_plugins(PLUGINS)


@pytest.fixture
def run(tmp_path: Path) -> Train:
    """`run(params…, options of train…)`: train the task `steady`."""

    def build(task: str = "steady", work: str = "work", **options: Any) -> Outcome:
        cls = TASKS.get(task)
        params = {name: options.pop(name) for name in list(options) if name in cls.Params.model_fields}
        defaults = {"seed": 0, "work_dir": tmp_path / work, "selection_metric": "accuracy", "test": True}
        return train(cls(cls.Params(**params), variant="mini", data_root=tmp_path), **{**defaults, **options})

    return build
