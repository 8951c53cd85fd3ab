"""`provbench overlay`, on runs of one epoch."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from .conftest import Run

SUITE = """\
name: pictures
seeds: [0]
tasks:
  cub-wsol: {variant: mini, params: {epochs: 1}}
methods:
  baseline: {}
  cutmix: {augmentation: cutmix}
"""

pytestmark = pytest.mark.slow


def test_overlays_of_finished_runs(provbench: Run, tmp_path: Path) -> None:
    suite = tmp_path / "suite.yaml"
    suite.write_text(SUITE)
    assert provbench("run", suite).returncode == 0
    done = provbench("overlay", suite, "picture.png")
    assert done.returncode == 2
    assert "--keep final" in done.stderr
    assert provbench("run", suite, "--out", "kept", "--keep", "final").returncode == 0
    done = provbench("overlay", suite, "pictures/a.png", "--out", "kept", "--images", "3")
    assert done.returncode == 0, done.stderr
    with Image.open(tmp_path / "pictures" / "a.png") as image:
        width, height = image.size
    assert 0.8 < (width / 3) / (height / 3) < 1.2
    for option, message in (
        (("--method", "cutmx"), "did you mean 'cutmix'?"),
        (("--task", "cub"), "did you mean 'cub-wsol'?"),
        (("--seed", "5"), "no final run of seed 5"),
    ):
        done = provbench("overlay", suite, "b.png", "--out", "kept", *option)
        assert done.returncode == 2
        assert message in done.stderr
        assert not (tmp_path / "b.png").exists()
