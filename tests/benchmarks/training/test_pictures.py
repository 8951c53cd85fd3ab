"""Pictures that a run leaves."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from provbench.registry.base import picture_name

from .conftest import Train


def test_a_tested_run_leaves_its_tasks_pictures(run: Train, tmp_path: Path) -> None:
    run(pictures=2)
    found = {file.name: np.asarray(Image.open(file)) for file in (tmp_path / "work" / "pictures").iterdir()}
    assert sorted(found) == ["half_0.png", "half_1.png"]
    assert found["half_1.png"].shape == (4, 6, 3)
    assert (found["half_1.png"] == 80).all()


@pytest.mark.parametrize("options", [{"pictures": 0}, {"pictures": 2, "test": False}, {"pictures": 2, "task": "toy"}])
def test_and_otherwise_none(run: Train, tmp_path: Path, options: dict[str, object]) -> None:
    run(**options)
    assert not (tmp_path / "work" / "pictures").exists()


def test_a_picture_that_fails_is_a_warning(run: Train) -> None:
    with pytest.warns(UserWarning, match="no pictures: ValueError: there are three"):
        failed = run(pictures=4)
    assert failed.test == run(work="other").test


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("001.Albatross/Black_1.jpg", "001.Albatross_Black_1"),
        ("plain", "plain"),
        ("../../etc/passwd", "_.._etc_passwd"),
        ("<b>&\n", "_b_"),
        (".hidden.PNG", "hidden"),
        ("…", "_"),
        ("..", "picture"),
    ],
)
def test_names_stay_in_their_folder(name: str, expected: str) -> None:
    assert picture_name(name) == expected
