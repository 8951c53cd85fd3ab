"""`provbench overlay` and `provbench tubes`, on runs of one epoch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from provbench.benchmarks.common.pictures import GAP, MARGIN, SPACE, TRUE, line
from provbench.benchmarks.ucf101_24.pictures import BAR

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
    assert "--keep last" in done.stderr
    assert provbench("run", suite, "--keep", "last").returncode == 0
    done = provbench("overlay", suite, "pictures/a.png", "--images", "3")
    assert done.returncode == 0, done.stderr
    with Image.open(tmp_path / "pictures" / "a.png") as image:
        width, height = image.size
    assert 0.8 < (width / 3) / (height / 3) < 1.2
    for option, message in (
        (("--method", "cutmx"), "did you mean 'cutmix'?"),
        (("--task", "cub"), "did you mean 'cub-wsol'?"),
        (("--seed", "5"), "no final run of seed 5"),
    ):
        done = provbench("overlay", suite, "b.png", *option)
        assert done.returncode == 2
        assert message in done.stderr
        assert not (tmp_path / "b.png").exists()


ACTIONS = """\
name: films
seeds: [0]
tasks:
  ucf101-24: {variant: mini, params: {epochs: 1, val_every: 1}}
methods:
  baseline: {}
  batchmix: {augmentation: batchmix}
"""


def test_tubes_of_finished_runs(provbench: Run, tmp_path: Path) -> None:
    suite = tmp_path / "suite.yaml"
    suite.write_text(ACTIONS)
    done = provbench("run", suite, "--keep", "last")
    assert done.returncode == 0, done.stderr
    done = provbench("tubes", suite, "pictures/a.png", "--columns", "4", "--width", "160")
    assert done.returncode == 0, done.stderr
    assert "baseline, batchmix, seed 0" in done.stdout
    with Image.open(tmp_path / "pictures" / "a.png") as image:
        page = np.asarray(image)
    header = len(line("", 1)) + SPACE
    height = header + 120 + SPACE + BAR
    assert page.shape == (2 * height + GAP + 2 * MARGIN, 4 * 160 + 3 * SPACE + 2 * MARGIN, 3)
    assert (page[:height] == TRUE).all(axis=2).any()
    done = provbench("tubes", suite, "a.gif", "--method", "batchmix", "--width", "160", "--seed", "0")
    assert done.returncode == 0, done.stderr
    with Image.open(tmp_path / "a.gif") as image:
        assert getattr(image, "n_frames", 1) > 10
        assert image.size == (160 + 2 * MARGIN, height + header + 2 * MARGIN)
    for option, message in (
        (("b.bmp",), "b.bmp: expected a name that ends in .png, .gif, .mp4"),
        (("b.png", "--video", "v_Biking_g99_c01"), "--video: no test video 'v_Biking_g99_c01'"),
        (("b.png", "--method", "batchmx"), "did you mean 'batchmix'?"),
        (("b.png", "--out", "elsewhere"), "not finished in elsewhere; run the suite with --keep last"),
    ):
        done = provbench("tubes", suite, *option)
        assert done.returncode == 2
        assert message in done.stderr
        assert not (tmp_path / "b.png").exists()
