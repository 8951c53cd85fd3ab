import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.metrics import accuracy_score, recall_score

from provbench.benchmarks.waterbirds import mini
from provbench.benchmarks.waterbirds.data import GROUPS, image_path, read_birds
from provbench.benchmarks.waterbirds.mini import MiniSet
from provbench.benchmarks.waterbirds.task import Waterbirds
from provbench.registry import MODELS, SYNTHESIZERS, TASKS, MissingDataError, Task, UserError
from provbench.registry.task import no_progress

SMALL = MiniSet(train=48, val=16, test=24, waterbirds=0.25, correlation=0.75, side=32)


@pytest.fixture(scope="module")
def data_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("data")
    mini.write(root / "waterbirds-mini", no_progress, SMALL)
    return root


def build(data_root: Path, variant: str = "mini", **values: Any) -> Waterbirds:
    params = Waterbirds.resolve_params({"image_size": 32, **values}, variant, "task")
    return Waterbirds(params, variant=variant, data_root=data_root)


def answers(task: Waterbirds, split: Any, predicted: Mapping[str, int]) -> tuple[list[str], list[dict[str, Any]]]:
    """What `score` is given where the net predicts so, by id."""
    items = [task.eval_data(split)[index] for index in range(len(predicted))]
    return [item["id"] for item in items], [{"label": i["label"], "predicted": predicted[i["id"]]} for i in items]


def test_the_task_and_its_models_are_registered() -> None:
    task = TASKS.get("waterbirds")

    assert task is Waterbirds
    assert issubclass(task, Task)
    for variant in task.variants:
        params = task.resolve_params({}, variant.name, "task")
        assert params.model in MODELS


def test_planning_imports_no_torch() -> None:
    code = "import sys, provbench.benchmarks.waterbirds.task; sys.exit('torch' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], env={**os.environ}, check=False).returncode == 0


def test_the_defaults_are_the_recipe_of_alia() -> None:
    recipe = {
        "protocol": "alia",
        "model": "resnet50",
        "weights": "IMAGENET1K_V1",
        "class_weighted": True,
        "optimizer": "sgd",
        "lr": 1e-3,
        "momentum": 0.9,
        "weight_decay": 1e-4,
        "schedule": "cosine",
        "epochs": 100,
        "batch_size": 128,
        "image_size": 224,
        "resize": None,
        "hflip": False,
        "checkpoint": "best",
    }

    params = Waterbirds.resolve_params({}, "full", "task").model_dump()

    assert {name: params[name] for name in recipe} == recipe


def test_an_unknown_protocol_is_refused() -> None:
    with pytest.raises(
        UserError, match=r"task: protocol: .*'original', 'alia', 'alia-seed-0' or 'gals'.*\(got 'wilds'\)"
    ):
        Waterbirds.resolve_params({"protocol": "wilds"}, "full", "task")


@pytest.mark.parametrize(("protocol", "train", "val"), [("original", 48, 16), ("alia", 9, 8)])
def test_data_of_both_protocols(data_root: Path, protocol: str, train: int, val: int) -> None:
    task = build(data_root, protocol=protocol)

    assert task.setting(task.params).startswith(f"protocol {protocol}: ")
    assert len(task.training_set()) == train
    datasets: list[Any] = [task.train_data(None), task.eval_data("val"), task.eval_data("test")]
    assert [len(dataset) for dataset in datasets] == [train, val, 24]


def test_items_are_images_of_the_wanted_size(data_root: Path) -> None:
    task = build(data_root, image_size=24)
    item = task.train_data(None)[3, 7]
    bird = task.birds().train[3]

    assert (item["id"], item["label"], item["guided"]) == (bird.id, bird.label, False)
    assert item["image"].shape == (3, 24, 24)
    assert item["image"].dtype == torch.uint8
    assert bool(item["mask"].all())


def test_the_training_set_has_images_and_outlines(data_root: Path) -> None:
    task = build(data_root)
    data, birds = task.training_set(), task.birds().train

    assert data.num_classes == 2
    assert [data.sample_id(index) for index in range(len(data))] == [bird.id for bird in birds]
    assert [data.label(index) for index in range(len(data))] == [bird.label for bird in birds]
    assert data.image(0).shape == (32, 32, 3)
    assert data.segmentation(0).shape == (32, 32)
    assert data.segmentation(0).any()


def test_missing_outlines_are_asked_for(tmp_path: Path) -> None:
    mini.write(tmp_path / "waterbirds-mini", no_progress, MiniSet(train=8, val=4, test=4, side=32))
    (tmp_path / "waterbirds-mini" / "segmentations").rename(tmp_path / "elsewhere")

    data = build(tmp_path).training_set()

    assert data.image(0).shape == (32, 32, 3)
    with pytest.raises(MissingDataError, match=r"no segmentation of it.*segmentations\.tgz"):
        data.segmentation(0)


def test_a_synthetic_set_is_added_with_its_provenance(data_root: Path, tmp_path: Path) -> None:
    task = build(data_root)
    SYNTHESIZERS.build("background-swap", fraction=0.5).synthesize(task.training_set(), tmp_path, no_progress)

    together: Any = task.train_data(tmp_path)

    assert len(together) == 48 + 24
    real, synthetic = together[0, 1], together[60, 1]
    assert not real["guided"]
    assert synthetic["guided"]
    assert 0 < synthetic["mask"].float().mean() < 1


def test_class_weights_even_the_classes_out(data_root: Path) -> None:
    """36 landbirds and 12 waterbirds."""
    weights = build(data_root).class_weight()

    assert weights is not None
    torch.testing.assert_close(weights, torch.tensor([48 / 72, 48 / 24]))
    assert build(data_root, class_weighted=False).class_weight() is None


def test_the_net_predicts_labels(data_root: Path) -> None:
    task = build(data_root)
    model = task.build_model().eval()
    images = torch.randn(5, 3, 32, 32)
    labels = torch.tensor([0, 1, 1, 0, 1])
    with torch.no_grad():
        predictions = task.predict(model, images, labels)
        expected = model(images).argmax(dim=1)

    assert predictions == [
        {"label": label, "predicted": guess} for label, guess in zip(labels.tolist(), expected.tolist(), strict=True)
    ]


def test_scores_are_those_of_scikit_learn(data_root: Path) -> None:
    task = build(data_root)
    birds = task.birds().test
    rng = np.random.default_rng(1)
    guesses = {bird.id: int(rng.random() < 0.3 + 0.4 * bird.label) for bird in birds}

    scores = task.score("test", *answers(task, "test", guesses))

    labels, groups = (np.array([getattr(bird, field) for bird in birds]) for field in ("label", "group"))
    predicted = np.array([guesses[bird.id] for bird in birds])
    # within a group all labels are one: its accuracy is the recall of (label, place) pairs of which only labels can err
    pairs = 2 * predicted + groups % 2
    recalls = 100 * np.asarray(recall_score(groups, pairs, average=None))  # pyright: ignore[reportArgumentType]
    assert scores.metrics["accuracy"] == pytest.approx(100 * accuracy_score(labels, predicted))
    for group, recall in zip(GROUPS, recalls, strict=True):
        assert scores.metrics[f"accuracy[{group}]"] == pytest.approx(recall)
    assert scores.metrics["worst-group accuracy"] == pytest.approx(recalls.min())
    weighted = np.dot(recalls, SMALL.counts("train")) / SMALL.train
    assert scores.metrics["accuracy (train-weighted)"] == pytest.approx(weighted)
    assert list(scores.metrics) == [metric.name for metric in task.info.metrics if not metric.optional]
    np.testing.assert_array_equal(scores.samples["group"], groups)
    assert 100 * scores.samples["accuracy"].mean() == pytest.approx(scores.metrics["accuracy"])
    assert {len(column) for column in scores.samples.values()} == {24}


def test_groups_that_alia_validates_without_have_no_score(data_root: Path) -> None:
    task = build(data_root, protocol="alia")
    birds = task.birds().val
    all_land = task.score("val", *answers(task, "val", {bird.id: 0 for bird in birds}))

    assert all_land.metrics == {
        "accuracy": 75.0,
        "worst-group accuracy": 0.0,
        "accuracy (train-weighted)": pytest.approx(100 * 27 / 36),
        "accuracy[landbird|land]": 100.0,
        "accuracy[waterbird|water]": 0.0,
    }


def test_the_shared_loop_trains_it(data_root: Path, tmp_path: Path) -> None:
    from provbench.benchmarks.training.loop import train

    task = build(data_root, epochs=2, protocol="alia")
    outcome = train(task, seed=0, work_dir=tmp_path, selection_metric="worst-group accuracy", test=True)

    assert outcome.steps == 2
    assert outcome.val.keys() < outcome.test.keys()
    assert list(outcome.test) == [metric.name for metric in task.info.metrics if not metric.optional]
    assert outcome.predictions["test"]["id"].tolist() == [bird.id for bird in task.birds().test]


def test_selection_metrics_are_metrics_of_the_task() -> None:
    assert set(Waterbirds.info.selection.values()) <= {metric.name for metric in Waterbirds.info.metrics}
    assert Waterbirds.info.main_metric == "accuracy"


def test_the_fingerprint_follows_the_data_and_not_its_place(data_root: Path, tmp_path: Path) -> None:
    mini.write(tmp_path / "waterbirds-mini", no_progress, SMALL)
    here, there = build(data_root), build(tmp_path)

    assert here.fingerprint() == there.fingerprint() == build(data_root, protocol="alia").fingerprint()
    image = image_path(there.root, read_birds(there.root, "original").test[0])
    image.write_bytes(image.read_bytes() + b"\0")
    assert here.fingerprint() != build(tmp_path).fingerprint()


def test_the_mini_set_is_prepared_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mini, "MINI", SMALL)
    task, steps = build(tmp_path), []
    task.prepare(lambda done, total: steps.append((done, total)))
    assert steps[-1] == (88, 88)
    task.prepare(lambda done, total: steps.append((done, total)))

    assert len(steps) == 88
    assert task.verify(no_progress) == []


def test_the_full_set_is_asked_for_where_it_is_missing(data_root: Path, tmp_path: Path) -> None:
    task = build(tmp_path, "full")
    with pytest.raises(MissingDataError, match="kohpangwei/group_DRO"):
        task.prepare(no_progress)
    with pytest.raises(MissingDataError, match=r"metadata\.csv"):
        task.fingerprint()

    (tmp_path / "waterbirds").symlink_to(data_root / "waterbirds-mini")
    task.prepare(no_progress)
    problems = task.verify(no_progress)
    assert len(problems) == 12
    assert "expected 3498 images of landbird|land in train (got 27)" in problems[0]
