"""Data that are broken: one message that names the file, exit code 2, and no record."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .conftest import Run

SUITE = """\
name: broken
seeds: [0]
tasks:
  cub-wsol: {variant: mini, params: {epochs: 1}}
methods:
  baseline: {}
"""

pytestmark = pytest.mark.slow


def test_broken_images_and_annotation_files(provbench: Run, tmp_path: Path) -> None:
    suite = tmp_path / "suite.yaml"
    suite.write_text(SUITE)
    root = tmp_path / "data" / "cub-wsol-mini"
    assert provbench("data", "prepare", "cub-wsol:mini").returncode == 0
    assert provbench("data", "verify", "cub-wsol:mini").returncode == 0

    image = sorted((root / "CUB_200_2011" / "images").rglob("*_train.jpg"))[7]
    whole = image.read_bytes()
    image.write_bytes(whole[: len(whole) // 3])
    verified = provbench("data", "verify", "cub-wsol:mini", "--json")
    assert verified.returncode == 2
    assert image.name in json.loads(verified.stdout)["problems"][0]
    done = provbench("run", suite)
    assert done.returncode == 0, done.stderr
    assert "is damaged and is made again" in done.stderr
    assert image.name in done.stderr
    assert image.read_bytes() == whole

    boxes = root / "metadata" / "val" / "localization.txt"
    lines = boxes.read_text().splitlines()
    lines[4] = lines[4].rpartition(",")[0] + ",x"
    boxes.write_text("\n".join(lines) + "\n")
    done = provbench("data", "verify", "cub-wsol:mini")
    assert done.returncode == 2
    assert "localization.txt" in done.stderr + done.stdout
    assert "Traceback" not in done.stderr
