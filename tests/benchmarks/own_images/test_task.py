"""The task on a user's own images."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from provbench.benchmarks.own_images import mini
from provbench.benchmarks.own_images.mini import MiniSet
from provbench.benchmarks.own_images.task import OwnImages
from provbench.registry import MODELS, SYNTHESIZERS, TASKS, UserError, implied
from provbench.registry.base import write_image, write_mask
from provbench.registry.task import no_progress
from provbench.suites.planning.spec import PluginSpec

SMALL = MiniSet(train=6, val=2, test=4, side=32)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("small") / "birds"
    mini.write(root, no_progress, SMALL)
    return root


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    for label in ("cat", "dog"):
        (tmp_path / "pets" / label).mkdir(parents=True)
        for number in range(8):
            pixels = rng.integers(0, 256, (20, 24, 3), dtype=np.uint8)
            write_image(tmp_path / "pets" / label / f"{number}.jpg", pixels)
    return tmp_path / "pets"


def build(path: Path, **values: Any) -> OwnImages:
    values = {"model": "tiny-cam", "weights": None, "image_size": 32, "resize": None, "path": str(path), **values}
    return OwnImages(OwnImages.resolve_params(values, "full", "suite"), variant="full", data_root=path.parent)


def answers(task: OwnImages, split: Any, right: float) -> tuple[list[str], list[dict[str, Any]]]:
    """What `score` is given where every class is guessed, and only the first share of the images is right."""
    records = task.records(split)
    count = round(right * len(records))
    scoremap = np.random.default_rng(0).random((4, 4)).astype(np.float32)
    rows = [
        {"label": one.label, "predicted": one.label if n < count else (one.label + 1) % 3, "scoremap": scoremap}
        for n, one in enumerate(records)
    ]
    return [record.id for record in records], rows


def test_the_task_is_registered_and_imports_no_torch() -> None:
    assert TASKS.get("images") is OwnImages
    for variant in OwnImages.variants:
        assert OwnImages.resolve_params({}, variant.name, "task").model in MODELS
    code = "import sys, provbench.benchmarks.own_images.task; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], env={**os.environ}, check=False).returncode == 0


def test_the_mini_set_is_in_the_layout_of_a_users_csv(tmp_path: Path) -> None:
    params = OwnImages.resolve_params({}, "mini", "suite")
    task = OwnImages(params, variant="mini", data_root=tmp_path)
    mini.generate(task.root, no_progress, SMALL)

    assert [len(task.records(split)) for split in ("train", "val", "test")] == [18, 6, 12]
    assert list(task.class_names()) == ["cardinal", "jay", "parrot"]
    assert set(task.group_names()) <= {"land", "water"}
    assert task.verify(no_progress) == []
    record = task.records("train")[0]
    assert record.caption.startswith("a cardinal near ")
    assert task.captions()[record.id] == {"caption": record.caption}
    with pytest.raises(UserError, match="path: the images of the variant mini are generated"):
        OwnImages(OwnImages.resolve_params({"path": "x"}, "mini", "s"), variant="mini", data_root=tmp_path)


def test_accuracies_of_classes_and_groups_and_the_box_metrics_are_scored(small: Path) -> None:
    task = build(small, csv="labels.csv")
    ids, rows = answers(task, "test", 0.5)
    metrics = task.score("test", ids, rows).metrics

    assert metrics["accuracy"] == metrics["class-averaged accuracy"] == 50
    assert {name: metrics[f"class accuracy[{name}]"] for name in task.class_names()} == {
        "cardinal": 100, "jay": 50, "parrot": 0,
    }  # fmt: skip
    groups = {name: metrics[f"accuracy[{name}]"] for name in task.group_names()}
    assert metrics["worst-group accuracy"] == min(groups.values())
    assert {"MaxBoxAccV2", "MaxBoxAccV2@50", "Top-1 Loc"} <= set(metrics)
    assert all(task.info.declared(name) for name in metrics)


def test_images_without_boxes_or_groups_have_accuracies_alone(folders: Path) -> None:
    task = build(folders)
    ids, rows = answers(task, "test", 1)

    assert set(task.score("test", ids, rows).metrics) == {
        "accuracy", "class-averaged accuracy", "class accuracy[cat]", "class accuracy[dog]",
    }  # fmt: skip
    assert task.exchanged("test", 4) is None


def test_boxes_follow_from_masks_where_there_are_none(folders: Path) -> None:
    for image in folders.glob("*/*.jpg"):
        mask = np.zeros((20, 24), dtype=bool)
        mask[5:10, 6:12] = True
        path = folders / "masks" / image.parent.name / f"{image.stem}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_mask(path, mask)
    task = build(folders)

    boxes = task._boxes["test"]
    assert set(boxes) == {record.id for record in task.records("test")}
    expected = np.array([[6 * 224 / 24, 5 * 224 / 20, 11 * 224 / 24, 9 * 224 / 20]]).astype(int)
    assert all((found == expected).all() for found in boxes.values())
    assert task.exchanged("test", 4) is not None


def test_prepare_writes_the_splits_down_and_the_fingerprint_stays(folders: Path) -> None:
    before = build(folders).fingerprint()
    assert not list(folders.glob("*.csv"))
    build(folders).prepare(no_progress)

    assert [path.name for path in folders.glob("*.csv")] == ["provbench-split-val0.15-test0.2-seed0.csv"]
    assert build(folders).fingerprint() == before
    assert build(folders, split_seed=1).fingerprint() != before
    path = next(folders.glob("*.csv"))
    path.write_text(path.read_text().replace(",val,", ",test,", 1))
    assert build(folders).fingerprint() != before


def test_moved_images_are_the_same_data(folders: Path, tmp_path: Path) -> None:
    before = build(folders)
    before.prepare(no_progress)
    fingerprint = before.fingerprint()
    after = build(folders.rename(tmp_path / "elsewhere"))

    assert after.fingerprint() == fingerprint
    assert "path" in implied(after.params)
    assert PluginSpec.of(OwnImages, after.params).identity() == PluginSpec.of(OwnImages, before.params).identity()


def test_paths_are_absolute_or_relative_to_the_data_root(folders: Path) -> None:
    params = OwnImages.resolve_params({"path": "pets"}, "full", "suite")

    assert OwnImages(params, variant="full", data_root=folders.parent).root == folders


def test_prepare_and_verify_name_what_is_broken(folders: Path) -> None:
    build(folders).prepare(no_progress)
    good = folders / "cat" / "0.jpg"
    whole = good.read_bytes()
    good.write_bytes(whole[: len(whole) // 2])
    task = build(folders)
    task.prepare(no_progress)  # which reads headers only
    problems = task.verify(no_progress)
    assert any(f"{good}: cannot be read as an image" in problem for problem in problems)
    assert any(f"{good}: is another image than when" in problem for problem in problems)
    good.write_bytes(b"nothing")
    with pytest.raises(UserError, match="cannot be read as an image"):
        build(folders).prepare(no_progress)


def test_an_image_under_two_labels_is_named(folders: Path) -> None:
    (folders / "dog" / "again.jpg").write_bytes((folders / "cat" / "3.jpg").read_bytes())
    (problem,) = build(folders).verify(no_progress)

    assert "dog/again.jpg is the same image as cat/3.jpg, and has the label 'dog' instead of 'cat'" in problem


def test_parameters_that_leave_nothing_to_train_on_are_refused() -> None:
    with pytest.raises(UserError, match="must leave training images"):
        OwnImages.resolve_params({"val_fraction": 0.5, "test_fraction": 0.5}, "full", "suite")
    with pytest.raises(UserError, match="must be a file inside the folder"):
        OwnImages.resolve_params({"csv": "../labels.csv"}, "full", "suite")


def test_generated_images_are_taken_in_by_the_names_of_the_classes(folders: Path, tmp_path: Path) -> None:
    generated = tmp_path / "generated"
    for name in ("Dog", "0"):
        (generated / name).mkdir(parents=True)
        write_image(generated / name / "0.jpg", np.zeros((8, 8, 3), dtype=np.uint8))
    data = build(folders).training_set()
    found = SYNTHESIZERS.build("image-set", path=str(generated)).find(data)

    assert [(image.file, image.label) for image in found] == [("0/0.jpg", 0), ("Dog/0.jpg", 1)]
    assert list(build(folders).image_files()) == ["train", "val", "test"]
