"""`provbench data verify` on the images that splits and synthetic sets have in common."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from provbench.registry.base import write_checksums, write_image
from provbench.registry.synthesizers.manifest import Header, SyntheticImage, write_manifest

from .in_process import Ended, call


@pytest.fixture
def pets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for split, count in {"train": 4, "val": 2, "test": 2}.items():
        for label in ("cat", "dog"):
            folder = tmp_path / "pets" / split / label
            folder.mkdir(parents=True)
            for number in range(count):
                rng = np.random.default_rng([count, len(label), ord(label[0]), number, len(split)])
                write_image(folder / f"{number}.jpg", rng.integers(0, 256, (16, 16, 3), dtype=np.uint8))
    return tmp_path / "pets"


@pytest.fixture
def verify(pets: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    def run(*arguments: object) -> Ended:
        return call(monkeypatch, capsys, "data", "verify", "images", "--param", f"path={pets}", *arguments)

    return run


def synthetic_set(pets: Path, image: Path, name: str = "images-image-set") -> Path:
    """Writes a synthetic set of one image into the data root."""
    folder = pets.parent / "data" / "synthetic" / f"{name}-{'0' * 20}"
    (folder / "images").mkdir(parents=True)
    shutil.copyfile(image, folder / "images" / "0.jpg")
    row = SyntheticImage(file="images/0.jpg", source=None, label=0, change="", seed=0, mask=None)
    header = Header(synthesizer=name.removeprefix("images-"), version="1", params={}, images=1)
    write_manifest(folder, header, [row])
    write_checksums(folder)
    return folder


def test_disjoint_splits_are_told_with_their_nearest_images(pets: Path, verify: Any) -> None:
    ended = verify()

    assert ended.returncode == 0, ended.stderr
    for names in ("train and val", "train and test", "val and test"):
        assert f"{names}: no image in common; none by 0.95 or more; most alike, by 0." in ended.stdout
    (first, *_) = json.loads(verify("--json").stdout)["compared"]
    assert (first["sets"], first["identical"], first["near"]) == (["train", "val"], [], 0)
    assert len(first["nearest"]) == 2


def test_an_image_of_two_splits_is_wrong(pets: Path, verify: Any) -> None:
    shutil.copyfile(pets / "train" / "cat" / "0.jpg", pets / "test" / "cat" / "copy.jpg")
    ended = verify()

    assert ended.returncode == 2
    one, other = pets / "train" / "cat" / "0.jpg", pets / "test" / "cat" / "copy.jpg"
    assert f"{one}: is the same image as {other}, and so in train and test: remove one of them" in ended.stdout


def test_a_synthetic_image_that_is_a_test_image_is_wrong(pets: Path, verify: Any) -> None:
    folder = synthetic_set(pets, pets / "test" / "dog" / "1.jpg")
    ended = verify()

    assert ended.returncode == 2
    assert f"and so in test and synthetic set {folder.name}: remove one of them" in ended.stdout
    assert f"val and synthetic set {folder.name}: no image in common" in ended.stdout
    assert verify("--root", pets).returncode == 0


def test_sets_of_a_task_whose_name_begins_alike_are_not_looked_at(pets: Path, verify: Any) -> None:
    folder = synthetic_set(pets, pets / "test" / "dog" / "1.jpg", "images-of-mine-image-set")
    header = (folder / "manifest.json").read_text().replace("of-mine-image-set", "image-set")
    (folder / "manifest.json").write_text(header)
    ended = verify()

    assert ended.returncode == 0, ended.stdout
    assert "synthetic" not in ended.stdout


def test_a_suite_s_tasks_are_verified_as_it_has_them(
    pets: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tasks = f"{{mine: {{task: images, params: {{path: {pets}}}}}}}"
    (pets.parent / "s.yaml").write_text(f"name: s\nseeds: [0]\ntasks: {tasks}\nmethods: {{baseline: {{}}}}\n")

    def verify(*arguments: object) -> Ended:
        return call(monkeypatch, capsys, "data", "verify", "s.yaml", *arguments)

    assert f"mine: everything in {pets} is as it should be" in verify().stdout
    shutil.copyfile(pets / "train" / "cat" / "0.jpg", pets / "test" / "dog" / "0.jpg")
    ended = verify("--json")
    (told,) = json.loads(ended.stdout)["tasks"]
    assert (ended.returncode, told["task"]) == (2, "mine")
    assert all("cat/0.jpg" in problem for problem in told["problems"])
    assert "the suite has its own parameters" in verify("--param", "path=x").stderr
