"""The task: data in, tubes and metrics out."""

from __future__ import annotations

import itertools
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.metrics import accuracy_score

from provbench.benchmarks.training.loop import train
from provbench.benchmarks.ucf101_24 import data, mini
from provbench.benchmarks.ucf101_24.localization import pairwise_iou, person_boxes
from provbench.benchmarks.ucf101_24.metrics import frame_map, table_maps, video_map
from provbench.benchmarks.ucf101_24.mini import MiniSet
from provbench.benchmarks.ucf101_24.task import MATLAB, METRICS, Ucf10124, instance_scores
from provbench.registry import AUGMENTATIONS, MODELS, REGULARIZERS, TASKS, MissingDataError, Task, UserError
from provbench.registry.task import no_progress
from provbench.suites.file.schema import load_suite
from provbench.suites.running.execution import sample_counts

SMALL = MiniSet(train=24, val=8, test=16, seed=0)


@pytest.fixture(scope="module")
def data_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.set_num_threads(1)
    root = tmp_path_factory.mktemp("data")
    folder = root / "ucf101-24-mini"
    folder.mkdir()
    mini.write(folder, no_progress, SMALL)
    return root


def build(data_root: Path, **values: Any) -> Ucf10124:
    assert TASKS.get("ucf101-24") is Ucf10124  # which also gives it its name
    params = Ucf10124.resolve_params(values, "mini", "task")
    return Ucf10124(params, variant="mini", data_root=data_root)


def test_the_task_and_its_models_are_registered() -> None:
    task = TASKS.get("ucf101-24")

    assert task is Ucf10124
    assert issubclass(task, Task)
    assert task.info.main_metric == "video-AP@50"
    assert [metric.name for metric in task.info.metrics] == [*METRICS, "frame-AP@50", "accuracy", *MATLAB]
    for variant in task.variants:
        assert task.resolve_params({}, variant.name, "task").model in MODELS


def test_planning_imports_no_torch() -> None:
    code = "import sys, provbench.benchmarks.ucf101_24.task; sys.exit('torch' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], env={**os.environ}, check=False).returncode == 0


def test_the_suite_of_the_paper_uses_known_plugins_and_parameters() -> None:
    suite = load_suite("stal_ucf101_24").suite

    assert suite.methods_of("ucf101-24") == ("baseline", "batchmix", "batchmix+guidance")
    Ucf10124.resolve_params(suite.tasks["ucf101-24"].params, "full", "suite")
    for method in suite.methods.values():
        if method.augmentation:
            AUGMENTATIONS.build(method.augmentation.name, **method.augmentation.values)
        for use in method.regularizers:
            REGULARIZERS.build(use.name, **use.values)
    shown = {column.metric for table in suite.tables for column in table.columns or ()}
    assert {metric.name for metric in Ucf10124.info.metrics} <= shown


def test_items_of_the_training_loop(data_root: Path) -> None:
    task = build(data_root)
    datasets: list[Any] = [task.train_data(None), task.eval_data("val"), task.eval_data("test")]

    assert [len(dataset) for dataset in datasets] == [24, 8, 16]
    assert task.train_size() == 24
    item = datasets[0][3, 11]
    assert item["image"].shape == (5, 8 * 4, 17)
    assert item["image"].dtype == torch.float32
    assert item["label"] == data.CLASSES.index(item["id"].partition("/")[0])
    assert torch.equal(datasets[2][5]["image"], task.eval_data("test")[5]["image"])


def test_there_is_nothing_for_offline_synthesizers(data_root: Path, tmp_path: Path) -> None:
    task = build(data_root)
    with pytest.raises(UserError, match="ucf101-24: has keypoints and no images"):
        task.training_set()
    with pytest.raises(UserError, match="use an augmentation"):
        task.train_data(tmp_path)
    assert sample_counts(task) == {"train": 24, "val": 8}  # a run's record has them all the same


def test_missing_data_are_asked_for(tmp_path: Path) -> None:
    params = Ucf10124.resolve_params({}, "full", "task")
    task = Ucf10124(params, variant="full", data_root=tmp_path)
    for ask in (lambda: task.prepare(no_progress), task.fingerprint, lambda: task.train_data(None)):
        with pytest.raises(MissingDataError, match=r"ucf101-24/pyannot\.pkl: no such file"):
            ask()


def test_a_model_that_does_not_score_people_is_refused(data_root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MODELS, "get", lambda name: lambda classes, people: torch.nn.Linear(people, classes))
    with pytest.raises(UserError, match="model: tiny-skp does not score single people"):
        build(data_root).build_model()


def test_predictions_are_the_networks(data_root: Path) -> None:
    task = build(data_root)
    net = task.build_model().eval()
    items: list[Any] = [task.eval_data("test")[index] for index in range(3)]
    inputs = torch.stack([item["image"] for item in items])
    with torch.no_grad():
        predictions = task.predict(net, inputs, torch.tensor([item["label"] for item in items]))
        logits = net(inputs)
    for row, prediction in enumerate(predictions):
        assert prediction["label"] == items[row]["label"]
        assert prediction["predicted"] == int(logits[row].argmax())
        np.testing.assert_allclose(prediction["probabilities"], logits[row].softmax(dim=0).numpy(), rtol=1e-5)
        assert prediction["logits"].shape == (32, 24)


def oracle(task: Ucf10124, split: Any, wrong: frozenset[int] = frozenset()) -> tuple[list[str], list[dict[str, Any]]]:
    """Predictions that know who acts when; of the videos at the places `wrong` they say another class."""
    clips = task._clips(split)
    truth = data.read_tubes(task.root, split)
    ids, predictions = [], []
    for place in range(len(clips)):
        video = clips.videos[place]
        assert video.label is not None
        guess = video.label if place not in wrong else (video.label + 1) % 24
        frames, people = clips.sample(place)
        boxes, _ = person_boxes(video.keypoints, video.scores, video.shape)
        logits = np.zeros((*people.shape, 24), dtype=np.float32)
        for frame, slot in itertools.product(*map(range, people.shape)):
            for tube in truth:
                at = np.flatnonzero(tube["frames"] == frames[frame])
                if tube["video"] == video.video and len(at) and people[frame, slot] >= 0:
                    own = boxes[people[frame, slot], frames[frame]]
                    if pairwise_iou(own[None], tube["boxes"][at])[0, 0] > 0.4:
                        logits[frame, slot, guess] = 5
        probabilities = np.full(24, 0.1 / 23)
        probabilities[guess] = 0.9
        row = {"label": video.label, "predicted": guess, "probabilities": probabilities}
        predictions.append({**row, "logits": logits.reshape(-1, 24)})
        ids.append(video.video)
    return ids, predictions


def test_who_knows_who_acts_when_is_right(data_root: Path) -> None:
    task = build(data_root, top_classes=1)
    scores = task.score("test", *oracle(task, "test"))

    assert scores.metrics["accuracy"] == 100
    assert scores.metrics["video-AP@20"] > 95
    assert scores.metrics["video-AP@50"] > 80
    assert scores.metrics["frame-AP@50"] > 80
    assert scores.samples["overlap"].mean() > 0.5
    assert (scores.samples["id"] == np.array(task._clips("test").names)).all()
    sources = [re.sub(r".*/v_(\w+)_(g\d\d)_c\d\d", r"\1/\2", name) for name in task._clips("test").names]
    assert scores.samples["cluster"].tolist() == sources, "intervals draw whole groups of clips"


def test_metrics_are_those_of_the_tubes_that_were_found(data_root: Path) -> None:
    task = build(data_root)
    wrong = frozenset({1, 4, 5})
    ids, predictions = oracle(task, "val", wrong)
    scores = task.score("val", ids, predictions)
    tubes = [tube for place, row in enumerate(predictions) for tube in task.detections("val", place, row)]
    truth = data.read_tubes(task.root, "val")

    assert set(scores.metrics) == {metric.name for metric in task.info.metrics}
    for name, iou in (("video-AP@20", 0.2), ("video-AP@50", 0.5), ("video-AP@75", 0.75)):
        assert scores.metrics[name] == pytest.approx(video_map(tubes, truth, iou=iou)["mAP"])
    strict = [video_map(tubes, truth, iou=iou / 100)["mAP"] for iou in range(50, 100, 5)]
    assert scores.metrics["video-AP@50:95"] == pytest.approx(np.mean(strict))
    matlab = table_maps(tubes, truth, evaluation="matlab")
    for name, column in (("50", "0.5"), ("20", "0.2"), ("75", "0.75"), ("50:95", "0.5:0.95")):
        assert scores.metrics[f"video-AP@{name} (MATLAB)"] == pytest.approx(matlab[column])
    assert scores.metrics["frame-AP@50"] == pytest.approx(frame_map(tubes, truth, iou=0.5)["mAP"])
    expected = accuracy_score([row["label"] for row in predictions], [row["predicted"] for row in predictions])
    assert scores.metrics["accuracy"] == pytest.approx(100 * expected)
    assert not scores.samples["accuracy"][sorted(wrong)].any()


def test_predictions_may_come_in_any_order(data_root: Path) -> None:
    task = build(data_root)
    ids, predictions = oracle(task, "val", frozenset({2}))
    forward = task.score("val", ids, predictions)
    backward = task.score("val", ids[::-1], predictions[::-1])

    assert backward.metrics == pytest.approx(forward.metrics)
    np.testing.assert_array_equal(backward.samples["overlap"][::-1], forward.samples["overlap"])


def test_relative_scores_take_out_what_people_share() -> None:
    logits = np.array([[0.0, 5.0], [1.0, 5.0], [4.0, 5.0]])
    expected = [[0, 0], [0.25, 0], [1, 0]]
    np.testing.assert_allclose(instance_scores(logits, "relative"), expected)
    np.testing.assert_allclose(instance_scores(logits + np.array([30.0, -7.0]), "relative"), expected)
    own = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(instance_scores(logits, "probability"), own)
    assert instance_scores(np.zeros((0, 2)), "relative").shape == (0, 2)


def test_the_mini_set_is_generated_and_verifies(tmp_path: Path) -> None:
    task = build(tmp_path)
    task.prepare(no_progress)

    assert task.verify(no_progress) == []
    assert task.fingerprint() == task.fingerprint()


@pytest.mark.parametrize("method", ["baseline", "batchmix+guidance"])
def test_a_short_training_runs_and_repeats(data_root: Path, tmp_path: Path, method: str) -> None:
    def run(folder: str) -> dict[str, float]:
        mixes = method != "baseline"
        outcome = train(
            build(data_root, epochs=2, warmup_epochs=0, val_every=2),
            augmentation=AUGMENTATIONS.build("batchmix") if mixes else None,
            regularizers=[REGULARIZERS.build("gradient-guidance", alpha=0.01)] if mixes else [],
            seed=3,
            work_dir=tmp_path / folder,
            selection_metric="video-AP@50",
            test=True,
        )
        assert set(outcome.test) == {metric.name for metric in Ucf10124.info.metrics}
        assert ("loss_gradient-guidance" in outcome.curve[-1]) == mixes
        return outcome.curve[-1]

    assert run("one") == run("two")
