"""The tasks on their generated sets: splits that share nothing, protocols, scores."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from provbench.registry import TASKS, UserError
from provbench.registry.base import write_image
from provbench.registry.synthesizers.manifest import Header, SyntheticImage, write_manifest
from provbench.registry.task import no_progress

Build = Callable[..., Any]
NAMES = ("fewshot-aircraft", "fewshot-cars", "fewshot-cub", "fewshot-pets", "longtail-cub", "longtail-flowers")
FACTS = {
    "fewshot-aircraft": (100, 1600),
    "fewshot-cars": (196, 1960),
    "fewshot-cub": (200, 2000),
    "fewshot-pets": (37, 592),
    "longtail-cub": (200, 1000),
    "longtail-flowers": (102, 510),
}
"""Classes, and images that BOB validates on."""


def ids(task: Any, split: str) -> list[str]:
    return [record.id for record in task.records(split)]


@pytest.mark.parametrize("name", NAMES)
def test_the_tasks_have_the_published_numbers_and_the_recipe_of_bob(name: str) -> None:
    task = TASKS.get(name)
    params = task.resolve_params({}, "full", "suite.yaml").model_dump()
    classes, validation = FACTS[name]

    assert task.layout.classes == classes
    assert task.validation_each * classes == validation
    assert (params["model"], params["weights"]) == ("resnet50", "IMAGENET1K_V2")
    recipe = {
        "batch_size": 64, "optimizer": "adamw", "epochs": 100, "warmup_epochs": 3, "min_lr": 1e-8, "transforms": "bob",
        "schedule": "cosine", "checkpoint": "best",
    }  # fmt: skip
    assert {key: params[key] for key in recipe} == recipe
    assert list(task.info.selection) == ["large", "support-only", "none"]


@pytest.mark.parametrize("name", ["fewshot-aircraft", "fewshot-cub", "longtail-cub", "longtail-flowers"])
@pytest.mark.parametrize("validation", ["large", "support"])
def test_splits_share_no_image(build: Build, name: str, validation: str) -> None:
    task = build(name, validation=validation, shots=5) if "few" in name else build(name, validation=validation)
    splits = {split: set(ids(task, split)) for split in ("train", "val", "test")}

    assert not splits["train"] & splits["val"]
    assert not splits["train"] & splits["test"]
    assert not splits["val"] & splits["test"]
    assert all(splits.values())
    assert task.verify(no_progress)[-1:] != ["images of two of train, val and test"]


def test_shots_do_not_move_the_validation_images(build: Build) -> None:
    tasks = [build("fewshot-aircraft", shots=shots, shot_seed=seed) for shots, seed in ((5, 0), (8, 0), (5, 3))]

    assert [len(ids(task, "train")) for task in tasks] == [50, 80, 50]
    assert len({tuple(ids(task, "val")) for task in tasks}) == 1
    assert len(ids(tasks[0], "val")) == 160
    assert set(ids(tasks[0], "train")) < set(ids(tasks[1], "train"))
    assert set(ids(tasks[0], "train")) != set(ids(tasks[2], "train"))
    assert len({task.fingerprint() for task in tasks}) == 1


def test_folds_leave_one_of_five_shots_out_and_synthetic_images_made_of_it(build: Build, tmp_path: Path) -> None:
    folds = [build("fewshot-aircraft", validation="support", fold=fold) for fold in range(5)]
    shots = ids(build("fewshot-aircraft"), "train")
    (tmp_path / "images").mkdir()
    rows = []
    for place, source in enumerate([*shots, None]):
        write_image(tmp_path / "images" / f"{place}.png", folds[0].training_set().image(0))
        rows.append(SyntheticImage(file=f"images/{place}.png", source=source, label=0, change="", seed=0, mask=None))
    write_manifest(tmp_path, Header(synthesizer="x", version="1", params={}, images=len(rows)), rows)

    assert sorted(name for task in folds for name in ids(task, "val")) == sorted(shots)
    for task in folds:
        held_out = set(ids(task, "val"))
        assert len(held_out) == 10
        assert len(task.training_set()) == 50
        used = {record.source for record in task.made(tmp_path)}
        assert used == {*shots, None} - held_out
    assert len(build("fewshot-aircraft").made(tmp_path)) == 51


def test_published_splits_and_indices(build: Build, data_root: Path, tmp_path: Path) -> None:
    shutil.copytree(data_root / "aircraft-mini", tmp_path / "aircraft-mini")
    root = tmp_path / "aircraft-mini"
    pool = list(build("fewshot-aircraft").official("train"))
    chosen = [pool[place] for place in range(0, len(pool), 12)]
    (root / "5shot").mkdir()
    (root / "5shot" / "train.txt").write_text(
        "".join(f"datasets/aircraft/5shot/{one.label}/{one.id} {one.label}\n" for one in chosen)
    )
    (root / "val.txt").write_text("1\n2\n")
    values: dict[str, Any] = {"split_file": "5shot/train.txt", "validation_file": "val.txt"}
    task = build("fewshot-aircraft", tmp_path, **values)

    assert sorted(ids(task, "train")) == sorted(one.id for one in chosen)
    assert ids(task, "val") == [pool[1].id, pool[2].id]
    assert task.fingerprint() != build("fewshot-aircraft", tmp_path).fingerprint()
    (root / "val.txt").write_text("0\n")
    with pytest.raises(UserError, match=r"validation_file: val\.txt has training images of 5shot/train\.txt"):
        build("fewshot-aircraft", tmp_path, **values).records("val")
    with pytest.raises(UserError, match=r"\.\./x: must be a path under"):
        build("fewshot-aircraft", tmp_path, split_file="../x").records("train")


def test_a_validation_set_is_drawn_beside_a_published_split(build: Build, data_root: Path, tmp_path: Path) -> None:
    shutil.copytree(data_root / "aircraft-mini", tmp_path / "aircraft-mini")
    pool = build("fewshot-aircraft").official("train")
    drawn = build("fewshot-aircraft").records("val")
    (tmp_path / "aircraft-mini" / "train.txt").write_text("".join(f"{record.id}\n" for record in drawn[::16]))
    task = build("fewshot-aircraft", tmp_path, split_file="train.txt")

    assert len(ids(task, "train")) == 10
    assert len(ids(task, "val")) == 160
    assert not set(ids(task, "train")) & set(ids(task, "val"))
    assert len(pool) == 240


def test_long_tails_are_scored_over_all_classes_and_by_their_number_of_images(build: Build) -> None:
    task = build("longtail-cub", imbalance=100)
    counts = Counter(record.label for record in task.records("train"))
    records = task.records("test")
    groups = {label: "many" if n > 20 else "few" if n < 5 else "medium" for label, n in counts.items()}
    answers = [{"label": one.label, "predicted": one.label if groups[one.label] != "few" else -1} for one in records]

    scores = task.score("test", [one.id for one in records], answers)

    assert sorted(counts.values(), reverse=True) == sorted(
        (max(int(24 * 0.01 ** (rank / 8)), 1) for rank in range(10)), reverse=True
    )
    assert scores.metrics["accuracy[many]"] == scores.metrics["accuracy[medium]"] == 100
    assert scores.metrics["accuracy[few]"] == 0
    few = sum(group == "few" for group in groups.values())
    assert scores.metrics["accuracy[all]"] == pytest.approx(100 * (10 - few) / 10)
    assert list(scores.metrics) == [metric.name for metric in task.info.metrics]


def test_a_test_image_is_no_validation_image_of_the_long_tail(build: Build) -> None:
    task = build("longtail-flowers")

    assert len(ids(task, "val")) == 50
    assert len(ids(task, "test")) == 10 * 16 - 50


def test_training_sets_name_classes_and_describe_samples(build: Build) -> None:
    data = build("fewshot-cub").training_set()

    assert data.class_names()[0] == "Zorpal_finch"
    assert set(data.context(0)) == {"background", "pose"}
    assert data.segmentation(0).any()


def test_the_setting_says_which_images(build: Build) -> None:
    task = TASKS.get("fewshot-cub")

    def setting(**values: Any) -> str:
        return task.setting(task.resolve_params(values, "full", "s"))

    assert setting(shots=10) == "10 training images of each class, drawn with seed 0"
    assert setting(split_file="diff-ii/5shot/train.txt") == "the training images of diff-ii/5shot/train.txt"
    assert "imbalance factor 20" in TASKS.get("longtail-cub").setting(
        TASKS.get("longtail-cub").resolve_params({"imbalance": 20}, "full", "s")
    )
