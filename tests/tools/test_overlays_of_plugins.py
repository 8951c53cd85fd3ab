"""A plugin's task has overlays and brings a command."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from .conftest import Run

PLUGIN = Path(__file__).parents[1] / "plugins" / "toy.py"
DRAWN = f"""\


import numpy as np

from provbench.registry import TASKS, Panel, load_plugins

load_plugins(({str(PLUGIN)!r},))
Toy = TASKS.get("toy")


class Drawn(Toy):
    \"\"\"The toy task with overlays.\"\"\"

    def overlay(self, model, places):
        return [Panel(np.full((8, 8, 3), place, np.uint8), "" if model is None else "found") for place in places]


TASKS.add("drawn", Drawn)
"""
SUITE = "name: a\nseeds: [0]\ntasks:\n  {task}: {{variant: mini, params: {{epochs: 1}}}}\nmethods:\n  baseline: {{}}\n"

pytestmark = pytest.mark.slow


def test_overlays_of_a_plugins_task(provbench: Run, tmp_path: Path) -> None:
    (tmp_path / "drawn.py").write_text(DRAWN)
    (tmp_path / "a.yaml").write_text(SUITE.format(task="drawn") + "plugins: [drawn.py]\n")
    done = provbench("run", "a.yaml", "--keep", "last")
    assert done.returncode == 0, done.stderr
    done = provbench("overlay", "a.yaml", "picture.png", "--images", "3")
    assert done.returncode == 0, done.stderr
    assert "3 test images, baseline, seed 0" in done.stdout
    with Image.open(tmp_path / "picture.png") as image:
        assert image.size[0] > image.size[1]


def test_a_suite_without_such_a_task_is_refused(provbench: Run, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(SUITE.format(task="toy") + f"plugins: [{PLUGIN}]\n")
    done = provbench("overlay", "a.yaml", "picture.png")
    assert done.returncode == 2
    assert "no task of the suite draws overlays" in done.stderr
