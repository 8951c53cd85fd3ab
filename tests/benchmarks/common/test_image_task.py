"""The base of tasks on images: what it makes of records, parameters and hooks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from pydantic import Field
from sklearn.metrics import balanced_accuracy_score

from provbench.benchmarks.common import (
    ACCURACY,
    CLASS_ACCURACY,
    TRAIN_WEIGHTED,
    WORST_GROUP,
    ImageDataset,
    ImageRecipe,
    ImageRecord,
    ImageTask,
    Split,
    folder_records,
    group_metric,
)
from provbench.benchmarks.common.classification_pictures import target_mask
from provbench.benchmarks.waterbirds.task import Waterbirds
from provbench.registry import FULL, MissingDataError, ScoreMapNetwork, TaskInfo, UserError
from provbench.registry.base.image_files import write_image, write_mask
from provbench.registry.task import no_progress

SIZES = {"train": 6, "val": 3, "test": 3}
GROUPS = ("near", "far")


class CoinParams(ImageRecipe):
    model: str = "tiny-cnn"
    image_size: int = 16
    shots: int | None = Field(None, ge=1, description="training images of each class; null: all")
    shot_seed: int = 0


class Coins(ImageTask):
    """Heads or tails, near or far: names of classes and groups are in a file of annotations."""

    name = "coins"
    info = TaskInfo(
        title="Coins",
        metrics=(ACCURACY, CLASS_ACCURACY, WORST_GROUP, TRAIN_WEIGHTED, *map(group_metric, GROUPS)),
        selection={"val": "accuracy"},
        licence="",
        citation="",
        homepage="",
    )
    Params = CoinParams
    params: CoinParams
    variants = (FULL,)
    folder = "coins"
    groups = GROUPS
    target = "the coin"
    read: int = 0

    def class_names(self) -> Sequence[str]:
        return (self.root / "classes.txt").read_text().split()

    def annotation_files(self) -> Sequence[Path]:
        return [self.root / "classes.txt"]

    def where_to_get(self) -> str:
        return "Ask the mint."

    def read_split(self, split: Split) -> Sequence[ImageRecord]:
        self.read += 1
        return [
            ImageRecord(
                f"{split}{n}", self.root / f"{split}{n}.png", n % 3 % 2, group=int(n > 1), boxes=((2, 1, 5, 3),)
            )
            for n in range(SIZES[split])
        ]

    def choose(self, split: Split, official: Sequence[ImageRecord]) -> Sequence[ImageRecord]:
        if split != "train" or self.params.shots is None:
            return official
        order = np.random.default_rng(self.params.shot_seed).permutation(len(official)).tolist()
        chosen = [[place for place in order if official[place].label == label] for label in range(self.num_classes)]
        return [official[place] for places in chosen for place in sorted(places[: self.params.shots])]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "coins"
    folder.mkdir()
    (folder / "classes.txt").write_text("heads tails\n")
    rng = np.random.default_rng(0)
    for split, size in SIZES.items():
        for number in range(size):
            write_image(folder / f"{split}{number}.png", rng.integers(0, 256, (10, 12, 3), dtype=np.uint8))
    return tmp_path


def build(root: Path, cls: type[ImageTask] = Coins, **values: Any) -> Any:
    return cls(cls.resolve_params(values, "full", "suite.yaml"), variant="full", data_root=root)


def test_parameters_choose_from_the_official_split_which_is_read_once(root: Path) -> None:
    task, few = build(root), build(root, shots=1, shot_seed=3)

    assert [record.label for record in task.records("train")] == [0, 1, 0, 0, 1, 0]
    assert [record.label for record in few.records("train")] == [0, 1]
    assert len(few.train_data(None)) == len(few.training_set()) == 2
    assert len(few.eval_data("test")) == 3
    few.fingerprint()
    assert few.read == 3


def test_the_fingerprint_is_that_of_the_official_splits_and_annotations(root: Path) -> None:
    before = build(root).fingerprint()
    assert build(root, shots=1).fingerprint() == before
    (root / "coins" / "classes.txt").write_text("tails heads\n")
    assert build(root).fingerprint() != before


def test_missing_images_and_damaged_ones_are_named(root: Path) -> None:
    assert build(root).verify(no_progress) == []
    assert build(root).missing_inputs() == []
    (root / "coins" / "val1.png").write_bytes(b"no image")
    (problem,) = build(root).verify(no_progress)
    assert problem.startswith(f"{root}/coins/val1.png: ")
    (root / "coins" / "val1.png").unlink()
    with pytest.raises(
        MissingDataError, match=r"val1\.png: no such image \(1 of the 3 of split val .*\)\.\nAsk the mint"
    ):
        build(root).prepare(no_progress)


def test_class_weights_need_every_class(root: Path) -> None:
    assert build(root).class_weight() is None
    torch.testing.assert_close(build(root, class_weighted=True).class_weight(), torch.tensor([6 / 8, 6 / 4]))
    (root / "coins" / "classes.txt").write_text("heads tails edge\n")
    with pytest.raises(UserError, match=r"class_weighted needs training images of every class \(got none of edge\)"):
        build(root, class_weighted=True).class_weight()


def test_scores_are_the_declared_metrics_in_their_order(root: Path) -> None:
    ids, labels, predicted = ["test0", "test1", "test2"], [0, 1, 0], [0, 0, 0]
    rows = [{"label": label, "predicted": guess} for label, guess in zip(labels, predicted, strict=True)]
    scores = build(root).score("test", ids, rows)

    assert list(scores.metrics) == [metric.name for metric in Coins.info.metrics]
    assert scores.metrics["accuracy"] == pytest.approx(200 / 3)
    assert scores.metrics["class-averaged accuracy"] == 100 * balanced_accuracy_score(labels, predicted)
    assert scores.metrics["worst-group accuracy"] == scores.metrics["accuracy[near]"] == 50
    assert scores.metrics["accuracy (train-weighted)"] == pytest.approx((2 * 50 + 4 * 100) / 6)
    assert scores.samples["group"].tolist() == [0, 0, 1]


def test_a_group_that_a_split_lacks_has_no_score(root: Path) -> None:
    scores = build(root).score("test", ["test2"], [{"label": 0, "predicted": 1}])

    assert "accuracy[near]" not in scores.metrics
    assert scores.metrics["accuracy[far]"] == 0


def test_a_network_without_the_tasks_protocol_is_refused(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Coins, "network", ScoreMapNetwork)
    with pytest.raises(UserError, match="model: tiny-cnn makes no class activation maps"):
        build(root).build_model()


def test_the_target_is_what_the_outline_or_the_boxes_say(root: Path) -> None:
    record = build(root).records("test")[0]
    boxed = target_mask(record)
    assert boxed is not None
    assert boxed.shape == (10, 12)
    assert boxed.sum() == 12
    assert boxed[1:4, 2:6].all()

    outline = np.zeros((10, 12), bool)
    outline[5:] = True
    write_mask(root / "outline.png", outline)
    np.testing.assert_array_equal(
        target_mask(ImageRecord("a", record.path, 0, segmentation=root / "outline.png", boxes=record.boxes)), outline
    )
    assert target_mask(ImageRecord("a", record.path, 0)) is None


def test_a_variant_that_is_not_there_is_refused(root: Path) -> None:
    with pytest.raises(UserError, match="unknown variant 'mini'"):
        Coins.resolve_params({}, "mini", "suite.yaml")


@pytest.mark.parametrize("cls", [Coins, Waterbirds])
def test_the_crop_must_fit(cls: type[ImageTask]) -> None:
    with pytest.raises(UserError, match=r"suite\.yaml: resize: .*must be at least image_size, 64.*\(got 32\)"):
        cls.resolve_params({"image_size": 64, "resize": 32}, "full", "suite.yaml")


def test_a_folder_of_images_is_read_by_class_and_name(tmp_path: Path) -> None:
    for name in ("val/b/2.PNG", "val/b/1.jpg", "val/a/deep/3.webp", "val/a/.4.jpg", "val/a/notes.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    found = folder_records(tmp_path, "val", ("a", "b"))

    assert [(record.id, record.label) for record in found] == [
        ("val/a/deep/3.webp", 0),
        ("val/b/1.jpg", 1),
        ("val/b/2.PNG", 1),
    ]
    with pytest.raises(MissingDataError, match=r"val/c: no such folder\.\nAsk the mint"):
        folder_records(tmp_path, "val", ("a", "c"), "Ask the mint")
    (tmp_path / "val" / "c").mkdir()
    with pytest.raises(UserError, match="val/c: holds no image"):
        folder_records(tmp_path, "val", ("c",))


def test_a_task_may_have_transforms_of_its_own(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def dataset(self: Coins, records: Sequence[ImageRecord], *, train: bool) -> ImageDataset:
        return ImageDataset(records, size=8, train=train, resize=20)

    monkeypatch.setattr(Coins, "dataset", dataset)
    assert (
        build(root).train_data(None)[0, 1]["image"].shape == build(root).eval_data("val")[0]["image"].shape == (3, 8, 8)
    )
